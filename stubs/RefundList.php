<?php

declare(strict_types=1);

namespace WechatPay;

/**
 * The refunds of an order, or the one that was asked for. A verified value, made by `RefundQuery` only. Countable, and
 * iterable over its `RefundEntry`s. Amounts are fen.
 *
 * ```php
 * use WechatPay\Merchant;
 * use WechatPay\Micropay;
 * use WechatPay\Refund;
 * use WechatPay\RefundQuery;
 *
 * $merchant = new Merchant(
 *     'wx2421b1c4370ec43b',
 *     '10000100',
 *     '0123456789abcdefghijKLMNOPQRSTUV',
 *     certificate: getenv('WECHATPAY_CERTIFICATE'),
 *     privateKey: getenv('WECHATPAY_PRIVATE_KEY'),
 * );
 * (new Micropay($merchant))->pay('M20261122-0006', '134567890123456784', 1230, 'A large coffee', '127.0.0.1');
 * (new Refund($merchant))->byOutTradeNo('M20261122-0006', 'R20261122-0006-1', 1230, 230);
 * (new Refund($merchant))->byOutTradeNo('M20261122-0006', 'R20261122-0006-2', 1230, 400);
 *
 * $refunds = (new RefundQuery($merchant))->byOutTradeNo('M20261122-0006');
 * echo count($refunds), " refunds, $refunds->refundedFee fen back\n";     // prints: 2 refunds, 0 fen back
 * echo "$refunds->pendingFee of $refunds->totalFee fen under way\n";      // prints: 630 of 1230 fen under way
 * ```
 */
final class RefundList implements \Countable, \IteratorAggregate
{
    /** `appid`; always ours. */
    public readonly string $appid;

    /** `mch_id`; always ours. */
    public readonly string $mchId;

    /** `sub_appid` (service-provider mode). */
    public readonly ?string $subAppid;

    /** `sub_mch_id` (service-provider mode). */
    public readonly ?string $subMchId;

    /** `out_trade_no`: the shop's number of the order. */
    public readonly ?string $outTradeNo;

    /** `transaction_id`: WeChat's number of the order. */
    public readonly ?string $transactionId;

    /** `total_fee`: fen of the order. */
    public readonly ?int $totalFee;

    /** `settlement_total_fee`: fen; total_fee without the coupons that nobody paid for. Null if there were none. */
    public readonly ?int $settlementTotalFee;

    /** `fee_type`: CNY when absent. */
    public readonly ?string $feeType;

    /** `cash_fee`: fen that the payer paid. */
    public readonly ?int $cashFee;

    /** Fen of the entries that are Success: refunded. */
    public readonly int $refundedFee;

    /** Fen of the entries that are Processing or Change: neither with the payer yet nor free to be refunded again. */
    public readonly int $pendingFee;

    /**
     * The refunds, in the order of the answer.
     *
     * @var list<RefundEntry>
     */
    public readonly array $entries;

    /** Made by the extension only; can be neither constructed nor unserialized. */
    private function __construct()
    {
        throw new \Error('WechatPay\\RefundList is provided by the wechatpay extension, which is not loaded.');
    }

    /** The number of entries. */
    public function count(): int
    {
        throw new \Error('WechatPay\\RefundList is provided by the wechatpay extension, which is not loaded.');
    }

    /**
     * Iterates over the entries.
     *
     * @return \ArrayIterator<int, RefundEntry>
     */
    public function getIterator(): \ArrayIterator
    {
        throw new \Error('WechatPay\\RefundList is provided by the wechatpay extension, which is not loaded.');
    }

    /**
     * The verified fields of each page by their names on the wire: in v2 as texts, in APIv3 one page, nested as it came.
     *
     * @return list<array<string, mixed>>
     */
    public function fields(): array
    {
        throw new \Error('WechatPay\\RefundList is provided by the wechatpay extension, which is not loaded.');
    }
}
