<?php

declare(strict_types=1);

namespace WechatPay;

/**
 * Closes an order that nobody shall pay any more. A service. Closing is for orders of `UnifiedOrder`; code payments are
 * reversed instead.
 *
 * Besides what it names itself, each call may throw TransportException (no complete answer within the time limit),
 * MalformedMessageException (an answer that is not what WeChat Pay says), GatewayException (`return_code` is not
 * SUCCESS; says nothing about the order), SignatureException (the answer's signature is missing, wrong or of another
 * algorithm), MismatchException (a genuine answer about another merchant or order) and PayException itself with
 * Advice::FixConfiguration (a file named in the settings cannot be used).
 *
 * ```php
 * use WechatPay\CloseOrder;
 * use WechatPay\Merchant;
 * use WechatPay\OrderQuery;
 * use WechatPay\UnifiedOrder;
 *
 * $merchant = new Merchant('wx2421b1c4370ec43b', '10000100', '0123456789abcdefghijKLMNOPQRSTUV');
 * (new UnifiedOrder($merchant))
 *     ->native('T20261122-0005', 1230, 'A large coffee', 'https://shop.example/notify', '127.0.0.1');
 * (new CloseOrder($merchant))->byOutTradeNo('T20261122-0005');
 * echo (new OrderQuery($merchant))->byOutTradeNo('T20261122-0005')->tradeState->value, "\n";   // prints: CLOSED
 * ```
 */
final class CloseOrder
{
    /**
     * @param Merchant     $merchant whose orders
     * @param Gateway|null $gateway  where to ask; null for the INI settings
     */
    public function __construct(Merchant $merchant, ?Gateway $gateway = null)
    {
        throw new \Error('WechatPay\\CloseOrder is provided by the wechatpay extension, which is not loaded.');
    }

    /**
     * Closes an order. An order that is closed already is success.
     *
     * The gateway may refuse an order younger than five minutes. ORDERPAID: somebody was quicker, query and deliver.
     * ORDERNOTEXIST: query too, the placing call may still arrive. The same call may be repeated.
     *
     * @param string $outTradeNo `out_trade_no`, 1 to 32 characters of 0-9A-Za-z_-|*@
     *
     * @throws ServiceException `result_code` FAIL: ORDERPAID and ORDERNOTEXIST with Advice::QueryOrder, SYSTEMERROR ...
     * @throws PayException     of every kind that the class names
     * @throws \ValueError      if the number cannot be one
     */
    public function byOutTradeNo(string $outTradeNo): void
    {
        throw new \Error('WechatPay\\CloseOrder is provided by the wechatpay extension, which is not loaded.');
    }
}
