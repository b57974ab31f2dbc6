<?php

declare(strict_types=1);

namespace WechatPay;

/**
 * One thing that a bill and the books do not agree on. A value.
 *
 * ```php
 * use WechatPay\Bill;
 * use WechatPay\Reconciliation;
 *
 * $bill = Bill::fromString(<<<'CSV'
 * 交易时间,公众账号ID,商户号,微信订单号,商户订单号,交易状态,货币种类,应结订单金额,手续费,订单金额
 * `2026-11-21 10:00:01,`wx2421b1c4370ec43b,`10000100,`4200000000202611210000000001,`T1,`SUCCESS,`CNY,`12.30,`0.07000,`12.30
 * `2026-11-21 11:30:00,`wx2421b1c4370ec43b,`10000100,`4200000000202611210000000002,`T2,`SUCCESS,`CNY,`5.00,`0.03000,`5.00
 * 总交易单数,应结订单总金额,手续费总金额,订单总金额
 * `2,`17.30,`0.10000,`17.30
 * CSV);
 * [$difference] = iterator_to_array(Reconciliation::compare($bill, [['out_trade_no' => 'T1', 'total_fee' => 1230, 'state' => 'SUCCESS']]));
 * echo "{$difference->kind->name}, {$difference->advice->name} $difference->outTradeNo\n";   // prints: PaidNotBooked, QueryOrder T2
 * ```
 */
final class Difference implements \JsonSerializable
{
    /** Its number in the ledger, for Ledger::settle(); null if it is not kept there. */
    public readonly ?int $id;

    /** The day on which it was found, in Beijing; null if it is not kept in a ledger. */
    public readonly ?string $date;

    /** What differs. */
    public readonly DifferenceKind $kind;

    /** The number it is about: of the order, the refund, the transaction or the movement; an appid, or a date. */
    public readonly string $key;

    /** The field that differs, by its name on the wire: `total_fee`, `state`, `rows` ... */
    public readonly string $field;

    /** What WeChat says: fen, 1/100000 yuan for `fee_e5`, a number of rows, or a text; null if it has nothing. */
    public readonly int|string|null $theirs;

    /** What the books say, or what follows from the bill itself; null if they have nothing. */
    public readonly int|string|null $ours;

    /** Where it stands. */
    public readonly DifferenceState $state;

    /** What a person has said of it, or why the ledger could not apply what WeChat said. */
    public readonly ?string $note;

    /** The day on which it is no longer waited for, in Beijing; null if nothing is waited for. */
    public readonly ?string $due;

    /** What to do next: a bill is signed by nobody, so what concerns an order is asked first. */
    public readonly Advice $advice;

    /** The order, where it is known. */
    public readonly ?string $outTradeNo;

    /** WeChat's number of the payment, where it is known. */
    public readonly ?string $transactionId;

    /** The refund, where it is known. */
    public readonly ?string $outRefundNo;

    /** WeChat's number of the refund, where it is known. */
    public readonly ?string $refundId;

    /** Made by the extension only; can be neither constructed nor unserialized. */
    private function __construct()
    {
        throw new \Error('WechatPay\\Difference is provided by the wechatpay extension, which is not loaded.');
    }

    /**
     * Property names and the values of enums.
     *
     * @return array<string, mixed>
     */
    public function jsonSerialize(): array
    {
        throw new \Error('WechatPay\\Difference is provided by the wechatpay extension, which is not loaded.');
    }
}
