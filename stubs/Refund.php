<?php

declare(strict_types=1);

namespace WechatPay;

/**
 * Gives money back, all of it or in up to 50 parts. A service. What it returns means "accepted": whether the money
 * arrived is told by `RefundQuery`, and by a refund notice.
 *
 * `$outRefundNo` is the safety: the same number never refunds twice, so a call whose end is not known is repeated with
 * the very same arguments. **A new number refunds again.** Store the number before the call.
 *
 * Needs the client certificate in v2; in APIv3 every request is signed instead, and `$receipt->refundStatus` tells at once
 * where the refund stands.
 *
 * Besides what it names itself, each call may throw MalformedMessageException (an answer that is not what WeChat Pay
 * says), GatewayException (`return_code` is not SUCCESS; says nothing about the order), SignatureException (the
 * answer's signature is missing, wrong or of another algorithm), MismatchException (a genuine answer about another
 * merchant or order) and PayException itself with Advice::FixConfiguration (the certificate is missing, unreadable or
 * expired; nothing was sent).
 *
 * ```php
 * use WechatPay\Merchant;
 * use WechatPay\Micropay;
 * use WechatPay\Refund;
 *
 * $merchant = new Merchant(
 *     'wx2421b1c4370ec43b',
 *     '10000100',
 *     '0123456789abcdefghijKLMNOPQRSTUV',
 *     certificate: getenv('WECHATPAY_CERTIFICATE'),
 *     privateKey: getenv('WECHATPAY_PRIVATE_KEY'),
 * );
 * (new Micropay($merchant))->pay('M20261122-0003', '134567890123456787', 1230, 'A large coffee', '127.0.0.1');
 *
 * $refund = new Refund($merchant);
 * $receipt = $refund->byOutTradeNo(
 *     outTradeNo: 'M20261122-0003',
 *     outRefundNo: 'R20261122-0003-1',
 *     totalFee: 1230,
 *     refundFee: 230,
 *     options: ['refund_desc' => 'no milk', 'notify_url' => 'https://shop.example/notify'],
 * );
 * echo $receipt->refundFee, " fen accepted\n";                        // prints: 230 fen accepted
 *
 * $again = $refund->byOutTradeNo('M20261122-0003', 'R20261122-0003-1', 1230, 230);
 * var_dump($again->refundId === $receipt->refundId);                  // prints: bool(true)
 * ```
 */
final class Refund
{
    /**
     * @param Merchant     $merchant whose payments; with a client certificate
     * @param Gateway|null $gateway  where to ask; null for the INI settings
     */
    public function __construct(Merchant $merchant, ?Gateway $gateway = null)
    {
        throw new \Error('WechatPay\\Refund is provided by the wechatpay extension, which is not loaded.');
    }

    /**
     * Refunds by the shop's number of the order. SYSTEMERROR and BIZERR_NEED_RETRY are repeated with the same numbers,
     * at most 3 sends within the gateway's `timeoutMs`.
     *
     * With `maybeProcessed` the refund may have been accepted: ask `RefundQuery::byOutRefundNo()`, or repeat the very
     * same call. NOTENOUGH is about the merchant's balance: top it up and repeat. A refund that became RefundClose may
     * be repeated with the same number too in v2; in APIv3 it wants a new one.
     *
     * @param string                                     $outTradeNo  `out_trade_no`, 1 to 32 of 0-9A-Za-z_-|*@
     * @param string                                     $outRefundNo `out_refund_no`: the shop's number of this refund,
     *                                                                1 to 64 characters of 0-9A-Za-z_-|*@
     * @param int                                        $totalFee    `total_fee`: fen of the whole order
     * @param int                                        $refundFee   `refund_fee`: fen to give back, 1 to $totalFee
     * @param array<string, mixed>                       $options     `refund_desc` (shown to the payer), `notify_url`,
     *                                                                `refund_account`, `refund_fee_type`, `op_user_id`,
     *                                                                `device_info`, `detail`; in APIv3 also what only
     *                                                                that has, nested: `['goods_detail' => [[...]]]`
     *
     * @return RefundReceipt accepted, not yet refunded
     *
     * @throws TransportException no complete answer within the time limit; if maybeProcessed, ask before anything else
     * @throws ServiceException   `result_code` FAIL: NOTENOUGH, ORDERNOTEXIST (unpaid too), TRADE_OVERDUE (older than a
     *                            year), INVALID_REQUEST (same number, other amount) ...
     * @throws PayException       of every kind that the class names
     * @throws \ValueError        if an argument cannot be used; nothing was sent
     */
    public function byOutTradeNo(
        string $outTradeNo,
        string $outRefundNo,
        int $totalFee,
        int $refundFee,
        array $options = [],
    ): RefundReceipt {
        throw new \Error('WechatPay\\Refund is provided by the wechatpay extension, which is not loaded.');
    }

    /**
     * Refunds by WeChat's number of the order; else as byOutTradeNo().
     *
     * @param string                                     $transactionId `transaction_id`, 1 to 32 of 0-9A-Za-z
     * @param string                                     $outRefundNo   `out_refund_no`: the shop's number of this
     *                                                                  refund, 1 to 64 characters of 0-9A-Za-z_-|*@
     * @param int                                        $totalFee      `total_fee`: fen of the whole order
     * @param int                                        $refundFee     `refund_fee`: fen to give back, 1 to $totalFee
     * @param array<string, mixed>                       $options       as in byOutTradeNo()
     *
     * @return RefundReceipt accepted, not yet refunded
     *
     * @throws TransportException no complete answer within the time limit; if maybeProcessed, ask before anything else
     * @throws ServiceException   `result_code` FAIL: NOTENOUGH, INVALID_TRANSACTIONID, TRADE_OVERDUE (older than a
     *                            year), INVALID_REQUEST (same number, other amount) ...
     * @throws PayException       of every kind that the class names
     * @throws \ValueError        if an argument cannot be used; nothing was sent
     */
    public function byTransactionId(
        string $transactionId,
        string $outRefundNo,
        int $totalFee,
        int $refundFee,
        array $options = [],
    ): RefundReceipt {
        throw new \Error('WechatPay\\Refund is provided by the wechatpay extension, which is not loaded.');
    }
}
