<?php

declare(strict_types=1);

namespace WechatPay;

/**
 * Asks what became of refunds. A service. Follows all pages, so a list is whole or there is none.
 *
 * APIv3 tells one refund, by the shop's number of it, and has no list: with a merchant of APIv3 byOutRefundNo() is the
 * only question, and refunds made by hand are seen by notice or bill.
 *
 * Queries change nothing, so they may be repeated freely, and `maybeProcessed` of their exceptions is always false.
 *
 * Besides what it names itself, each call may throw TransportException (no complete answer within the time limit),
 * MalformedMessageException (an answer that is not what WeChat Pay says), GatewayException (`return_code` is not
 * SUCCESS; says nothing about the order), SignatureException (the answer's signature is missing, wrong or of another
 * algorithm), MismatchException (a genuine answer about another merchant or order) and PayException itself with
 * Advice::FixConfiguration (a file named in the settings cannot be used).
 *
 * ```php
 * use WechatPay\Merchant;
 * use WechatPay\Micropay;
 * use WechatPay\Refund;
 * use WechatPay\RefundQuery;
 * use WechatPay\ServiceException;
 *
 * $merchant = new Merchant(
 *     'wx2421b1c4370ec43b',
 *     '10000100',
 *     '0123456789abcdefghijKLMNOPQRSTUV',
 *     certificate: getenv('WECHATPAY_CERTIFICATE'),
 *     privateKey: getenv('WECHATPAY_PRIVATE_KEY'),
 * );
 * (new Micropay($merchant))->pay('M20261122-0005', '134567890123456785', 1230, 'A large coffee', '127.0.0.1');
 * (new Refund($merchant))->byOutTradeNo('M20261122-0005', 'R20261122-0005', 1230, 230);
 *
 * $query = new RefundQuery($merchant);                                // needs no certificate
 * foreach ($query->byOutTradeNo('M20261122-0005') as $entry) {
 *     echo $entry->outRefundNo, ' ', $entry->refundStatus->value, "\n";   // prints: R20261122-0005 PROCESSING
 * }
 * try {
 *     $query->byOutRefundNo('R20261122-none');
 * } catch (ServiceException $e) {
 *     echo $e->errCode, "\n";                                         // prints: REFUNDNOTEXIST
 * }
 * ```
 */
final class RefundQuery
{
    /**
     * @param Merchant     $merchant whose refunds; no certificate is needed
     * @param Gateway|null $gateway  where to ask; null for the INI settings
     */
    public function __construct(Merchant $merchant, ?Gateway $gateway = null)
    {
        throw new \Error('WechatPay\\RefundQuery is provided by the wechatpay extension, which is not loaded.');
    }

    /**
     * All refunds of an order, by the shop's number.
     *
     * REFUNDNOTEXIST: the order has none, or there is no such order; both mean that no money went back.
     *
     * @param string $outTradeNo `out_trade_no`, 1 to 32 characters of 0-9A-Za-z_-|*@
     *
     * @return RefundList all of them, however many pages there are
     *
     * @throws ServiceException `result_code` FAIL: REFUNDNOTEXIST, SYSTEMERROR ...
     * @throws PayException     of every kind that the class names
     * @throws \LogicException  of a merchant of APIv3, which has no such question
     * @throws \ValueError      if the number cannot be one
     */
    public function byOutTradeNo(string $outTradeNo): RefundList
    {
        throw new \Error('WechatPay\\RefundQuery is provided by the wechatpay extension, which is not loaded.');
    }

    /**
     * All refunds of an order, by WeChat's number.
     *
     * @param string $transactionId `transaction_id`, 1 to 32 characters of 0-9A-Za-z
     *
     * @return RefundList all of them, however many pages there are
     *
     * @throws ServiceException `result_code` FAIL: REFUNDNOTEXIST, SYSTEMERROR ...
     * @throws PayException     of every kind that the class names
     * @throws \LogicException  of a merchant of APIv3, which has no such question
     * @throws \ValueError      if the number cannot be one
     */
    public function byTransactionId(string $transactionId): RefundList
    {
        throw new \Error('WechatPay\\RefundQuery is provided by the wechatpay extension, which is not loaded.');
    }

    /**
     * One refund, by the shop's number of it: what to ask after a refund whose end is not known.
     *
     * @param string $outRefundNo `out_refund_no`, 1 to 64 characters of 0-9A-Za-z_-|*@
     *
     * @return RefundList with that one entry
     *
     * @throws ServiceException `result_code` FAIL: REFUNDNOTEXIST, SYSTEMERROR ...
     * @throws PayException     of every kind that the class names
     * @throws \ValueError      if the number cannot be one
     */
    public function byOutRefundNo(string $outRefundNo): RefundList
    {
        throw new \Error('WechatPay\\RefundQuery is provided by the wechatpay extension, which is not loaded.');
    }

    /**
     * One refund, by WeChat's number of it.
     *
     * @param string $refundId `refund_id`, 1 to 32 characters of 0-9A-Za-z
     *
     * @return RefundList with that one entry
     *
     * @throws ServiceException `result_code` FAIL: REFUNDNOTEXIST, SYSTEMERROR ...
     * @throws PayException     of every kind that the class names
     * @throws \LogicException  of a merchant of APIv3, which has no such question
     * @throws \ValueError      if the number cannot be one
     */
    public function byRefundId(string $refundId): RefundList
    {
        throw new \Error('WechatPay\\RefundQuery is provided by the wechatpay extension, which is not loaded.');
    }
}
