<?php

declare(strict_types=1);

namespace WechatPayBench;

/*
 * The day's bill in plain PHP, as lean as PHP allows. *Strict* looks for what `Bill::verify()` looks for: lines of a
 * mebibyte, NUL, UTF-8, the number of cells, exact amounts, days that exist, cells that must not be empty, the sums.
 * *Lean* is what one writes in a hurry and is still right about a good file: UTF-8, the number of cells, the sums.
 */

const PLAIN_COLUMNS = ['交易时间', '公众账号ID', '商户号', '特约商户号', '设备号', '微信订单号', '商户订单号', '用户标识', '交易类型', '交易状态', '付款银行',
    '货币种类', '应结订单金额', '代金券金额', '微信退款单号', '商户退款单号', '退款金额', '充值券退款金额', '退款类型', '退款状态', '商品名称', '商户数据包', '手续费', '费率',
    '订单金额', '申请退款金额', '费率备注'];

/** The rows of a file, packed or not, behind its header. @return resource */
function plain_open(string $path): mixed
{
    $isPacked = file_get_contents($path, length: 2) === "\x1f\x8b";
    $file = $isPacked ? gzopen($path, 'r') : fopen($path, 'r');
    if (explode(',', rtrim(substr((string) fgets($file), 3))) !== PLAIN_COLUMNS) {
        throw new \RuntimeException('another layout');
    }
    return $file;
}

/** Number of rows and six sums, compared with those that the file prints. @param list<int> $sums @return list<int> */
function plain_sums(string|false $line, mixed $file, array $sums): array
{
    $printed = explode(',`', rtrim(substr((string) fgets($file), 1)));
    $told = array_map(static fn (string $sum): int => (int) str_replace('.', '', $sum), $printed);
    if (!str_contains((string) $line, '总交易单数') || $told !== $sums || fgets($file) !== false) {
        throw new \RuntimeException('the sums are wrong');
    }
    return $sums;
}

/** @return list<int> */
function plain_verify_lean(string $path): array
{
    $file = plain_open($path);
    [$rows, $settled, $refunded, $coupons, $fees, $total, $asked] = [0, 0, 0, 0, 0, 0, 0];
    while (($line = fgets($file)) !== false && $line[0] === '`') {
        $cells = explode(',`', $line);
        if (\count($cells) !== 27 || preg_match('//u', $line) !== 1) {
            throw new \RuntimeException('a wrong row');
        }
        $rows++;
        $fees += (int) str_replace('.', '', $cells[22]);
        if ($cells[12] !== '0.00') {
            $settled += (int) str_replace('.', '', $cells[12]);
        }
        if ($cells[16] !== '0.00') {
            $refunded += (int) str_replace('.', '', $cells[16]);
        }
        if ($cells[17] !== '0.00') {
            $coupons += (int) str_replace('.', '', $cells[17]);
        }
        if ($cells[24] !== '0.00') {
            $total += (int) str_replace('.', '', $cells[24]);
        }
        if ($cells[25] !== '0.00') {
            $asked += (int) str_replace('.', '', $cells[25]);
        }
    }
    return plain_sums($line, $file, [$rows, $settled, $refunded, $coupons, $fees, $total, $asked]);
}

/**
 * @param (callable(list<string>): void)|null $take what is done with the cells of each row
 *
 * @return list<int>
 */
function plain_verify_strict(string $path, ?callable $take = null): array
{
    $file = plain_open($path);
    $sums = [12 => 0, 13 => 0, 16 => 0, 17 => 0, 24 => 0, 25 => 0];
    [$rows, $fees, $today] = [0, 0, ''];
    while (($line = fgets($file)) !== false && $line[0] === '`') {
        $cells = explode(',`', rtrim($line, "\r\n"));
        $cells[0] = substr($cells[0], 1);
        if (\strlen($line) > 1 << 20 || str_contains($line, "\0") || preg_match('//u', $line) !== 1 || \count($cells) !== 27
            || trim($cells[5], " \t") === '' || trim($cells[6], " \t") === '' || trim($cells[9], " \t") === '') {
            throw new \RuntimeException('a wrong row');
        }
        if (!str_starts_with($cells[0], $today) || $today === '') {
            $today = plain_day($cells[0]);
        }
        if (preg_match('/^ (?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d$/D', substr($cells[0], 10)) !== 1) {
            throw new \RuntimeException('a wrong time');
        }
        foreach ($sums as $column => &$sum) {
            if (($cell = $cells[$column]) !== '0.00') {
                $sum += preg_match('/^-?\d{1,13}\.\d\d$/D', $cell) === 1 ? (int) str_replace('.', '', $cell) : plain_exact($cell, 2);
            }
        }
        $cell = $cells[22];
        $fees += preg_match('/^-?\d{1,13}\.\d{5}$/D', $cell) === 1 ? (int) str_replace('.', '', $cell) : plain_exact($cell, 5);
        $rows++;
        $take === null || $take($cells);
    }
    return plain_sums($line, $file, [$rows, $sums[12], $sums[16], $sums[17], $fees, $sums[24], $sums[25]]);
}

function plain_day(string $cell): string
{
    $isDay = preg_match('/^(\d{4})-(\d\d)-(\d\d)/', $cell, $day) === 1 && checkdate((int) $day[2], (int) $day[3], (int) $day[1]);
    return $isDay ? $day[0] : throw new \RuntimeException('a wrong day');
}

/** A decimal in another form than the usual. */
function plain_exact(string $cell, int $places): int
{
    if (preg_match("/^[ \t]*(-?\\d{1,13})(?:\\.(\\d{1,$places})0*)?[ \t]*$/D", $cell, $number) !== 1) {
        throw new \RuntimeException('a wrong amount');
    }
    return (int) ($number[1] . str_pad($number[2] ?? '', $places, '0'));
}

/**
 * Four values of each row, from an array with the names of the columns: what applications do. Nothing is checked.
 *
 * @return list<int>
 */
function plain_iterate(string $path): array
{
    $file = plain_open($path);
    [$rows, $length, $paid, $total] = [0, 0, 0, 0];
    while (($line = fgets($file)) !== false && $line[0] === '`') {
        $row = array_combine(PLAIN_COLUMNS, explode(',`', $line));
        $rows++;
        $length += \strlen($row['商户订单号']) + \strlen($row['微信订单号']);
        $paid += $row['交易状态'] === 'SUCCESS' ? 1 : 0;
        $total += (int) str_replace('.', '', $row['订单金额']);
    }
    return [$rows, $length, $paid, $total];
}

/**
 * Amounts by order number, and nothing else: how many rows agree, and how many do not. Nothing is verified.
 *
 * @param iterable<array<string, mixed>> $books
 *
 * @return list<int>
 */
function plain_reconcile_lean(string $path, iterable $books): array
{
    $ours = [];
    foreach ($books as $book) {
        if ($book['state'] === 'SUCCESS') {
            $ours[$book['out_trade_no']] = $book['total_fee'];
        }
    }
    [$agreed, $differ] = [0, 0];
    $file = plain_open($path);
    while (($line = fgets($file)) !== false && $line[0] === '`') {
        $cells = explode(',`', $line);
        $number = $cells[6];
        if (isset($ours[$number]) && $ours[$number] === (int) str_replace('.', '', $cells[24])) {
            unset($ours[$number]);
            $agreed++;
        } else {
            $differ++;
        }
    }
    return [$agreed, $differ + \count($ours)];
}

/**
 * The same with what `Reconciliation::compare()` looks at: the bill verified, transaction, state and currency compared,
 * rows that come twice.
 *
 * @param iterable<array<string, mixed>> $books
 *
 * @return list<int>
 */
function plain_reconcile_strict(string $path, iterable $books): array
{
    $ours = [];
    $differ = 0;
    foreach ($books as $book) {
        $differ += isset($ours[$book['out_trade_no']]) ? 1 : 0;
        $ours[$book['out_trade_no']] = "{$book['total_fee']} {$book['state']} {$book['transaction_id']} CNY";
    }
    $agreed = 0;
    plain_verify_strict($path, static function (array $cells) use (&$ours, &$agreed, &$differ): void {
        $told = (int) str_replace('.', '', $cells[24]) . " $cells[9] $cells[5] $cells[11]";
        if (($ours[$cells[6]] ?? null) === $told) {
            unset($ours[$cells[6]]);
            $agreed++;
        } else {
            $differ++;
        }
    });
    return [$agreed, $differ + \count($ours)];
}
