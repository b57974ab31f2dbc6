<?php

declare(strict_types=1);

namespace WechatPay;

/**
 * What a comparison found. Countable, and iterable over its `Difference`s, each there once. Amounts are fen. A value.
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
 * $report = Reconciliation::compare($bill, [['out_trade_no' => 'T1', 'total_fee' => 1230, 'state' => 'SUCCESS']]);
 * echo count($report), " difference, $report->long fen there and not here\n";   // prints: 1 difference, 500 fen there and not here
 * echo $report->theirs['payments']['count'], ' payments, ', $report->ours['payments']['count'], " booked\n";   // prints: 2 payments, 1 booked
 * $report->toCsv('/tmp/orders.csv', '/tmp/differences.csv');
 * ```
 */
final class DayReport implements \Countable, \IteratorAggregate, \JsonSerializable
{
    /** The first day of the bills, in Beijing, as `2026-11-21`. */
    public readonly string $from;

    /** The last day of the bills. */
    public readonly string $to;

    /**
     * What the bills list, as printed, `feeE5` in 1/100000 yuan: charged less returned. Null if a bill has
     * changed: nothing was compared.
     *
     * @var array{payments: array{count: int, totalFee: int}, refunds: array{count: int, refundFee: int}, revoked: array{count:
     *      int, refundFee: int}, feeE5: int}|null
     */
    public readonly ?array $theirs;

    /**
     * What the books have for these days.
     *
     * @var array{payments: array{count: int, totalFee: int}, refunds: array{count: int, refundFee: int}}|null
     */
    public readonly ?array $ours;

    /** Fen that WeChat has and the books have not, order by order and refund by refund. */
    public readonly ?int $long;

    /** Fen that the books have and WeChat has not. */
    public readonly ?int $short;

    /** $long less $short: what WeChat has beyond the books. */
    public readonly ?int $surplus;

    /** Made by the extension only; can be neither constructed nor unserialized. */
    private function __construct()
    {
        throw new \Error('WechatPay\\DayReport is provided by the wechatpay extension, which is not loaded.');
    }

    /** Is no difference waiting or open? */
    public function isClean(): bool
    {
        throw new \Error('WechatPay\\DayReport is provided by the wechatpay extension, which is not loaded.');
    }

    /**
     * Writes two tables for a spreadsheet: the rows of the bills, and the differences. UTF-8 with a byte order mark, lines end as
     * Windows' do, numbers of orders stay text, nothing becomes a formula, amounts are yuan, the last line has the sums. Older
     * files are replaced when both tables are whole.
     *
     * @param string $orders      the file for the rows of the bills
     * @param string $differences the file for the differences
     *
     * @throws PayException    with Advice::FixConfiguration: a file cannot be written
     * @throws \LogicException if another process has reconciled the day: its bill is there
     */
    public function toCsv(string $orders, string $differences): void
    {
        throw new \Error('WechatPay\\DayReport is provided by the wechatpay extension, which is not loaded.');
    }

    /**
     * The properties, and the differences as arrays under `differences`.
     *
     * @return array<string, mixed>
     */
    public function toArray(): array
    {
        throw new \Error('WechatPay\\DayReport is provided by the wechatpay extension, which is not loaded.');
    }

    /**
     * The same as toArray().
     *
     * @return array<string, mixed>
     */
    public function jsonSerialize(): array
    {
        throw new \Error('WechatPay\\DayReport is provided by the wechatpay extension, which is not loaded.');
    }

    /** The number of differences. */
    public function count(): int
    {
        throw new \Error('WechatPay\\DayReport is provided by the wechatpay extension, which is not loaded.');
    }

    /**
     * Goes over the differences.
     *
     * @return \Iterator<int, Difference>
     */
    public function getIterator(): \Iterator
    {
        throw new \Error('WechatPay\\DayReport is provided by the wechatpay extension, which is not loaded.');
    }
}
