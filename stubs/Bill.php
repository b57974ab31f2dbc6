<?php

declare(strict_types=1);

namespace WechatPay;

/**
 * A day's trade bill: every payment and refund as WeChat has it, in whatever layout it has used since 2014. Countable, and
 * iterable over its `BillRow`s. Nobody signs a bill: it is what came over TLS, or what stood in a file, and not a proof;
 * `OrderQuery` is. Properties beside the date are read when somebody looks.
 *
 * ```php
 * use WechatPay\Bill;
 *
 * $bill = Bill::fromString(<<<'CSV'
 * 交易时间,公众账号ID,商户号,微信订单号,商户订单号,交易状态,货币种类,应结订单金额,手续费,订单金额
 * `2026-11-21 10:00:01,`wx2421b1c4370ec43b,`10000100,`4200000000202611210000000001,`T1,`SUCCESS,`CNY,`12.30,`0.07000,`12.30
 * `2026-11-21 11:30:00,`wx2421b1c4370ec43b,`10000100,`4200000000202611210000000002,`T2,`SUCCESS,`CNY,`5.00,`0.03000,`5.00
 * 总交易单数,应结订单总金额,手续费总金额,订单总金额
 * `2,`17.30,`0.10000,`17.30
 * CSV);
 * $bill->verify();
 * echo count($bill), " rows on $bill->date, {$bill->summary->totalFee} fen\n";   // prints: 2 rows on 2026-11-21, 1730 fen
 * foreach ($bill as $row) {
 *     echo "$row->outTradeNo: $row->totalFee\n";                               // prints: T2: 500
 * }
 * ```
 */
final class Bill implements \Countable, \IteratorAggregate
{
    /** The day of the bill, in Beijing, as `2026-11-21`. Null if it was not given and there is no row. */
    public readonly ?string $date;

    /** What the bill lists. */
    public readonly BillType $type;

    /** The generation of its columns: `G2` is today's; `G1` (until about 2018) and `G0` (2014) know one amount only. */
    public readonly string $layout;

    /** The sums that the file prints; the file is read to its end. Throws MalformedMessageException if it does not read. */
    public readonly BillSummary $summary;

    /** The SHA-256 of the unpacked content, in lower-case hex: tells whether two bills of a day are the same. */
    public readonly string $sha256;

    /** Made by the extension only; can be neither constructed nor unserialized. */
    private function __construct()
    {
        throw new \Error('WechatPay\\Bill is provided by the wechatpay extension, which is not loaded.');
    }

    /**
     * Opens a file: plain or gzip, with or without byte order mark. Its header and first row are read now, the rest when it
     * is asked for; the file stays open, and its name may go.
     *
     * @param string      $path of the file
     * @param string|null $date the day of the bill, as `2026-11-21`; null for that of its first row
     *
     * @throws MalformedMessageException damaged gzip, a page instead of a bill, a cell that does not read, no sums: names row and
     *                                   column; Advice::FixCall
     * @throws ServiceException          the file is WeChat's refusal, not a bill: 20002, NO_BILL_EXIST, BILL_CREATING ...
     * @throws PayException              with Advice::FixConfiguration: the file cannot be read
     * @throws \ValueError               if the day is none
     */
    public static function open(string $path, ?string $date = null): Bill
    {
        throw new \Error('WechatPay\\Bill is provided by the wechatpay extension, which is not loaded.');
    }

    /**
     * The same of bytes in memory, plain or gzip.
     *
     * @param string      $csv  the whole file
     * @param string|null $date the day of the bill, as `2026-11-21`; null for that of its first row
     *
     * @throws MalformedMessageException as open() does
     * @throws ServiceException          as open() does
     * @throws \ValueError               if the day is none
     */
    public static function fromString(string $csv, ?string $date = null): Bill
    {
        throw new \Error('WechatPay\\Bill is provided by the wechatpay extension, which is not loaded.');
    }

    /**
     * Reads the whole file once: every cell, the number of rows, and every sum to the last digit.
     *
     * @throws MalformedMessageException with Advice::GiveUp if it does not add up: names each sum, both values and the difference;
     *                                   with Advice::FixCall if it does not read
     */
    public function verify(): void
    {
        throw new \Error('WechatPay\\Bill is provided by the wechatpay extension, which is not loaded.');
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
        throw new \Error('WechatPay\\Bill is provided by the wechatpay extension, which is not loaded.');
    }

    /**
     * The columns that nobody knows, of the rows and then of the sums, by the names that the file gives them. Their cells are
     * in `BillRow::fields()`.
     *
     * @return list<string>
     *
     * @throws MalformedMessageException if a row does not read, or the file ends too early
     */
    public function unknownColumns(): array
    {
        throw new \Error('WechatPay\\Bill is provided by the wechatpay extension, which is not loaded.');
    }

    /**
     * The number of rows; the file is read to its end.
     *
     * @throws MalformedMessageException if a row does not read, or the file ends too early
     */
    public function count(): int
    {
        throw new \Error('WechatPay\\Bill is provided by the wechatpay extension, which is not loaded.');
    }

    /**
     * Goes over the rows in the order of the file, reading as it goes: memory stays flat however many there are. Each
     * `foreach` begins anew.
     *
     * @return \Iterator<int, BillRow>
     *
     * @throws MalformedMessageException if a row does not read, or the file ends too early
     */
    public function getIterator(): \Iterator
    {
        throw new \Error('WechatPay\\Bill is provided by the wechatpay extension, which is not loaded.');
    }
}
