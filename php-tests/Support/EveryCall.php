<?php

declare(strict_types=1);

namespace WechatPayTests;

use WechatPay\AuthCodeToOpenId;
use WechatPay\Client;
use WechatPay\CloseOrder;
use WechatPay\Gateway;
use WechatPay\Merchant;
use WechatPay\Micropay;
use WechatPay\OrderQuery;
use WechatPay\Refund;
use WechatPay\RefundQuery;
use WechatPay\Report;
use WechatPay\Reverse;
use WechatPay\ShortUrl;
use WechatPay\UnifiedOrder;

/** The calls of the extension, each made once: the one list for the tests that try every call. */
final class EveryCall
{
    private const PAID = 'T100001';
    private const OPEN = 'T100002';
    private const TILL = 'M100001';
    private const ORDER = [
        'outTradeNo' => 'T100009',
        'totalFee' => 1,
        'body' => 'tea',
        'notifyUrl' => 'https://shop.example/notify',
        'spbillCreateIp' => '127.0.0.1',
    ];

    private static int $codes = 0;

    /** @return array<string, TriedCall> by class, in an order in which all can be made */
    public static function all(): array
    {
        return [
            'OrderQuery' => new TriedCall(
                '/pay/orderquery',
                static fn (OrderQuery $query) => $query->byOutTradeNo(self::PAID),
                'asks',
                isOfAnOrder: true,
                subIds: 'must',
            ),
            'UnifiedOrder' => new TriedCall(
                '/pay/unifiedorder',
                static fn (UnifiedOrder $orders) => $orders->native(...self::ORDER),
                texts: self::textsOfAnOrder(),
            ),
            'CloseOrder' => new TriedCall(
                '/pay/closeorder',
                static fn (CloseOrder $close) => $close->byOutTradeNo(self::OPEN),
                isOfAnOrder: true,
            ),
            'Refund' => new TriedCall(
                '/secapi/pay/refund',
                static fn (Refund $refund) => $refund->byOutTradeNo(self::PAID, 'R100001', 100, 40),
                texts: ['options' => static fn (Refund $refund, string $text) => $refund
                    ->byOutTradeNo(self::PAID, 'R100001', 100, 40, ['refund_desc' => $text])],
                tries: 3,
                isOfAnOrder: true,
                subIds: 'must',
            ),
            'RefundQuery' => new TriedCall(
                '/pay/refundquery',
                static fn (RefundQuery $refunds) => $refunds->byOutTradeNo(self::PAID),
                'asks',
                after: 'Refund',
                isOfAnOrder: true,
                subIds: 'must',
            ),
            'Reverse' => new TriedCall(
                '/secapi/pay/reverse',
                static fn (Reverse $reverse) => $reverse->byOutTradeNo(self::TILL),
                'sends on',
                ends: [self::TILL, 'REVOKED', 2],
                isOfAnOrder: true,
                insteadInV3: 'close or refund any other',
            ),
            'Micropay' => new TriedCall(
                '/pay/micropay',
                static fn (Micropay $till) => self::sell($till),
                'asks on',
                texts: [
                    'body' => static fn (Micropay $till, string $text) => self::sell($till, body: $text),
                    'options' => static fn (Micropay $till, string $text) => self::sell($till, options: ['attach' => $text]),
                ],
                ends: ['M100002', 'SUCCESS', 1],
                subIds: 'unread',
                insteadInV3: 'with a Merchant of v2',
            ),
            'AuthCodeToOpenId' => new TriedCall(
                '/tools/authcodetoopenid',
                static fn (AuthCodeToOpenId $payers) => $payers->byAuthCode(self::code()),
                texts: ['authCode' => static fn (AuthCodeToOpenId $payers, string $text) => $payers->byAuthCode($text)],
                isMd5: true,
                insteadInV3: 'with a Merchant of v2',
            ),
            'ShortUrl' => new TriedCall(
                '/tools/shorturl',
                static fn (ShortUrl $shorten) => $shorten->of('weixin://wxpay/bizpayurl?product_id=P1'),
                texts: ['longUrl' => static fn (ShortUrl $shorten, string $text) => $shorten->of($text)],
                insteadInV3: 'codeUrl',
            ),
            'Report' => new TriedCall(
                '/payitil/report',
                static fn (Report $report) => self::report($report),
                texts: [
                    'options' => static fn (Report $report, string $text) => self::report($report, ['return_msg' => $text]),
                    'interfaceUrl' => static fn (Report $report, string $text) => self::report($report, url: $text),
                ],
                isSigned: false,
                subIds: 'unread',
                insteadInV3: 'leave the report out',
            ),
            'Client' => new TriedCall(
                '/pay/orderquery',
                static fn (Client $client) => $client->call('/pay/orderquery', ['out_trade_no' => self::PAID]),
                'once',
                texts: self::textsOfAnyCall(),
                isOfAnOrder: true,
                subIds: 'unread',
            ),
        ];
    }

    /**
     * Enters the orders that the calls are about.
     *
     * @param array<string, mixed> $more
     */
    public static function prepare(SimulatorProcess $simulator, array $more = []): void
    {
        foreach ([
            ['out_trade_no' => self::PAID, 'trade_state' => 'SUCCESS'],
            ['out_trade_no' => self::OPEN],
            ['out_trade_no' => self::TILL, 'trade_state' => 'SUCCESS', 'trade_type' => 'MICROPAY', 'created_ago_ms' => 20_000],
        ] as $order) {
            $simulator->control('POST', '/orders', $order + $more + ['total_fee' => 100]);
        }
    }

    /** Makes one call, and gives what it returns. */
    public static function make(string $name, Merchant $merchant, Gateway $gateway): mixed
    {
        return self::all()[$name]->make(self::of($name, $merchant, $gateway));
    }

    /** The object that makes a call. */
    public static function of(string $name, Merchant $merchant, ?Gateway $gateway = null): object
    {
        return new ("WechatPay\\$name")($merchant, $gateway);
    }

    /** A code that no payer has shown before. */
    private static function code(): string
    {
        return sprintf('14%016d', ++self::$codes);
    }

    private static function sell(Micropay $till, mixed ...$more): mixed
    {
        $sale = ['outTradeNo' => 'M100002', 'authCode' => self::code(), 'totalFee' => 100, 'body' => 'tea', 'spbillCreateIp' => '127.0.0.1'];
        return $till->pay(...$more + $sale + ['timeoutMs' => 15_000, 'intervalMs' => 100]);
    }

    /** @param array<string, string> $options */
    private static function report(Report $report, array $options = [], string $url = 'https://a.test/'): void
    {
        $report->send($url, 1, 'SUCCESS', 'SUCCESS', '127.0.0.1', $options);
    }

    /** @return array<string, \Closure> */
    private static function textsOfAnOrder(): array
    {
        $texts = [];
        foreach (['body', 'notifyUrl', 'spbillCreateIp', 'attach', 'deviceInfo', 'goodsTag', 'limitPay', 'receipt', 'feeType', 'productId'] as $name) {
            $texts[$name] = static fn (UnifiedOrder $orders, string $text) => $orders->native(...[$name => $text] + self::ORDER);
        }
        return $texts + [
            'detail' => static fn (UnifiedOrder $orders, string $text) => $orders->native(...self::ORDER, detail: [$text]),
            'extra' => static fn (UnifiedOrder $orders, string $text) => $orders->native(...self::ORDER, extra: ['x_new' => $text]),
            'openid' => static fn (UnifiedOrder $orders, string $text) => $orders->jsapi(...self::ORDER, openid: $text),
        ];
    }

    /** @return array<string, \Closure> */
    private static function textsOfAnyCall(): array
    {
        $texts = [];
        foreach (['attach', 'detail', 'total_fee', 'long_url', 'zzz'] as $name) {
            $texts["fields $name"] = static fn (Client $client, string $text) => $client->call('/pay/x', [$name => $text]);
        }
        return $texts;
    }
}
