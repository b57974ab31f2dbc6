<?php

declare(strict_types=1);

namespace WechatPay;

/**
 * A day's fund flow: every movement of an account, with its balance. Countable, and iterable over its `FundFlowRow`s. As
 * with a `Bill`, nobody signs it.
 *
 * ```php
 * use WechatPay\FundFlow;
 *
 * $flow = FundFlow::fromString(<<<'CSV'
 * 记账时间,微信支付业务单号,资金流水单号,业务名称,业务类型,收支类型,收支金额(元),账户结余(元),备注
 * `2026-11-21 10:00:01,`4200000000202611210000000001,`F1,`交易,`交易,`收入,`12.30,`112.30,`
 * `2026-11-21 10:00:01,`4200000000202611210000000001,`F2,`交易,`扣除交易手续费,`支出,`0.07,`112.23,`rate 0.6%\nrounded
 * 资金流水总笔数,收入笔数,收入金额,支出笔数,支出金额
 * `2,`1,`12.30,`1,`0.07
 * CSV);
 * $flow->verify();
 * foreach ($flow as $row) {
 *     echo "$row->businessType: $row->amount, then $row->balance fen\n";   // prints: 扣除交易手续费: 7, then 11223 fen
 * }
 * ```
 */
final class FundFlow implements \Countable, \IteratorAggregate
{
    /** The day, in Beijing, as `2026-11-21`. Null if it was not given and there is no row. */
    public readonly ?string $date;

    /** The account; null for a file, which does not name it. */
    public readonly ?AccountType $type;

    /** The sums that the file prints; the file is read to its end. Throws MalformedMessageException if it does not read. */
    public readonly BillSummary $summary;

    /** The SHA-256 of the unpacked content, in lower-case hex. */
    public readonly string $sha256;

    /** Made by the extension only; can be neither constructed nor unserialized. */
    private function __construct()
    {
        throw new \Error('WechatPay\\FundFlow is provided by the wechatpay extension, which is not loaded.');
    }

    /**
     * Opens a file: plain or gzip, with or without byte order mark. Its header and first row are read now, the rest when it
     * is asked for; the file stays open, and its name may go.
     *
     * @param string      $path of the file
     * @param string|null $date the day of the fund flow, as `2026-11-21`; null for that of its first row
     *
     * @throws MalformedMessageException damaged gzip, a page instead of a bill, a cell that does not read, no sums: names row and
     *                                   column; Advice::FixCall
     * @throws ServiceException          the file is WeChat's refusal, not a bill: 20002, NO_BILL_EXIST, BILL_CREATING ...
     * @throws PayException              with Advice::FixConfiguration: the file cannot be read
     * @throws \ValueError               if the day is none
     */
    public static function open(string $path, ?string $date = null): FundFlow
    {
        throw new \Error('WechatPay\\FundFlow is provided by the wechatpay extension, which is not loaded.');
    }

    /**
     * The same of bytes in memory, plain or gzip.
     *
     * @param string      $csv  the whole file
     * @param string|null $date the day of the fund flow, as `2026-11-21`; null for that of its first row
     *
     * @throws MalformedMessageException as open() does
     * @throws ServiceException          as open() does
     * @throws \ValueError               if the day is none
     */
    public static function fromString(string $csv, ?string $date = null): FundFlow
    {
        throw new \Error('WechatPay\\FundFlow is provided by the wechatpay extension, which is not loaded.');
    }

    /**
     * Reads the whole file once: every cell, every sum to the last digit, and that each balance follows from the one before.
     *
     * @throws MalformedMessageException with Advice::GiveUp if it does not add up: names each sum or row, both values and the difference;
     *                                   with Advice::FixCall if it does not read
     */
    public function verify(): void
    {
        throw new \Error('WechatPay\\FundFlow is provided by the wechatpay extension, which is not loaded.');
    }

    /**
     * Writes it to a file: as gzip if the name ends in `.gz`, else as text. An older file of that name is replaced when the
     * new one is whole.
     *
     * @throws MalformedMessageException if it does not unpack
     * @throws PayException              with Advice::FixConfiguration: the file cannot be written
     */
    public function save(string $path): void
    {
        throw new \Error('WechatPay\\FundFlow is provided by the wechatpay extension, which is not loaded.');
    }

    /**
     * The columns that nobody knows, of the rows and then of the sums, by the names that the file gives them. Their cells are
     * in `FundFlowRow::fields()`.
     *
     * @return list<string>
     *
     * @throws MalformedMessageException if a row does not read, or the file ends too early
     */
    public function unknownColumns(): array
    {
        throw new \Error('WechatPay\\FundFlow is provided by the wechatpay extension, which is not loaded.');
    }

    /**
     * The number of rows; the file is read to its end.
     *
     * @throws MalformedMessageException if a row does not read, or the file ends too early
     */
    public function count(): int
    {
        throw new \Error('WechatPay\\FundFlow is provided by the wechatpay extension, which is not loaded.');
    }

    /**
     * Goes over the rows in the order of the file, reading as it goes: memory stays flat however many there are. Each
     * `foreach` begins anew.
     *
     * @return \Iterator<int, FundFlowRow>
     *
     * @throws MalformedMessageException if a row does not read, or the file ends too early
     */
    public function getIterator(): \Iterator
    {
        throw new \Error('WechatPay\\FundFlow is provided by the wechatpay extension, which is not loaded.');
    }
}
