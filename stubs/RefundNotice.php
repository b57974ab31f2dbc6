<?php

declare(strict_types=1);

namespace WechatPay;

/**
 * What a refund notice claims. **In v2 a weak witness**: WeChat encrypts these notices, but does not sign them. It is a
 * reason to ask, not a fact to book: confirm it by `RefundQuery`. In APIv3 it is signed, and verified. Amounts are fen,
 * times are Beijing times.
 *
 * ```php
 * use WechatPay\Merchant;
 * use WechatPay\Notification;
 * use WechatPay\RefundQuery;
 * use WechatPay\ServiceException;
 * use WechatPay\Xml;
 *
 * $key = '0123456789abcdefghijKLMNOPQRSTUV';
 * $merchant = new Merchant('wx2421b1c4370ec43b', '10000100', $key);
 *
 * // What WeChat would post; in the shop: $body = file_get_contents('php://input');
 * $secret = '<root><out_trade_no>T20261122-0009</out_trade_no><out_refund_no>R20261122-0009</out_refund_no>'
 *     . '<refund_id>50000000002026112200000000001</refund_id><refund_status>SUCCESS</refund_status>'
 *     . '<refund_fee>230</refund_fee><success_time>2026-11-22 10:30:00</success_time></root>';
 * $body = Xml::encode([
 *     'return_code' => 'SUCCESS',
 *     'appid' => 'wx2421b1c4370ec43b',
 *     'mch_id' => '10000100',
 *     'nonce_str' => '5K8264ILTKCH16CQ',
 *     'req_info' => base64_encode(openssl_encrypt($secret, 'aes-256-ecb', md5($key), OPENSSL_RAW_DATA)),
 * ]);
 *
 * $claim = Notification::read($body, $merchant)->refund;
 * echo $claim->outRefundNo, ' ', $claim->refundStatus->value, "?\n";      // prints: R20261122-0009 SUCCESS?
 * try {
 *     $refunds = (new RefundQuery($merchant))->byOutRefundNo($claim->outRefundNo);
 *     echo "$refunds->refundedFee fen are back\n";
 * } catch (ServiceException $e) {
 *     echo "not confirmed: $e->errCode\n";                                // prints: not confirmed: REFUNDNOTEXIST
 * }
 * ```
 */
final class RefundNotice implements \JsonSerializable
{
    /** `out_trade_no`: the shop's number of the order. */
    public readonly string $outTradeNo;

    /** `transaction_id`: WeChat's number of the order. */
    public readonly ?string $transactionId;

    /** `out_refund_no`: the shop's number of the refund. */
    public readonly string $outRefundNo;

    /** `refund_id`: WeChat's number of the refund. */
    public readonly string $refundId;

    /** `refund_status`; RefundStatus::Unknown for a word this version does not know. */
    public readonly RefundStatus $refundStatus;

    /** `total_fee`: fen of the order. */
    public readonly ?int $totalFee;

    /** `settlement_total_fee`: fen; total_fee without the coupons that nobody paid for. */
    public readonly ?int $settlementTotalFee;

    /** `refund_fee`: fen of this refund. */
    public readonly ?int $refundFee;

    /** `settlement_refund_fee`: fen; refund_fee without the coupons that nobody paid for. */
    public readonly ?int $settlementRefundFee;

    /** `cash_refund_fee`: fen that go back to the payer. */
    public readonly ?int $cashRefundFee;

    /** `success_time`: when it was back, Beijing time; null unless the status is Success. */
    public readonly ?\DateTimeImmutable $successTime;

    /** `refund_recv_accout` (the wire spells it so): where it goes, for people. */
    public readonly ?string $refundRecvAccout;

    /** `refund_account`: what it is paid from. */
    public readonly ?string $refundAccount;

    /** `refund_request_source`: API or VENDOR_PLATFORM (somebody clicked); an open set. */
    public readonly ?string $refundRequestSource;

    /** Made by the extension only; can be neither constructed nor unserialized. */
    private function __construct()
    {
        throw new \Error('WechatPay\\RefundNotice is provided by the wechatpay extension, which is not loaded.');
    }

    /**
     * Every decrypted field by its name on the wire: in v2 as text, in APIv3 nested as it was inside.
     *
     * @return array<string, mixed>
     */
    public function fields(): array
    {
        throw new \Error('WechatPay\\RefundNotice is provided by the wechatpay extension, which is not loaded.');
    }

    /**
     * The properties by their names: the status as its value, the time as ATOM.
     *
     * @return array<string, mixed>
     */
    public function jsonSerialize(): array
    {
        throw new \Error('WechatPay\\RefundNotice is provided by the wechatpay extension, which is not loaded.');
    }
}
