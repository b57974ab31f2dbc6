<?php

declare(strict_types=1);

/*
 * One work on a bill, in a process of its own: `bill_work.php WORK FOLDER`. Prints what it came to, the seconds that it
 * took, and how much memory it needed above the start.
 */

namespace WechatPayBench;

use WechatPay\Bill;
use WechatPay\Reconciliation;
use WechatPay\TradeState;

require __DIR__ . '/Contest.php';
require __DIR__ . '/plain_bills.php';

/** Number of rows and six sums. @return list<int> */
function verify(string $path): array
{
    $bill = Bill::open($path);
    $bill->verify();
    $sums = $bill->summary;
    return [$sums->count, $sums->settlementTotalFee, $sums->settlementRefundFee, $sums->couponRefundFee, $sums->feeE5, $sums->totalFee, $sums->refundFee];
}

/** @return list<int> */
function iterate(string $path): array
{
    [$rows, $length, $paid, $total] = [0, 0, 0, 0];
    foreach (Bill::open($path) as $row) {
        $rows++;
        $length += \strlen($row->outTradeNo) + \strlen($row->transactionId);
        $paid += $row->tradeState === TradeState::Success ? 1 : 0;
        $total += $row->totalFee;
    }
    return [$rows, $length, $paid, $total];
}

/** How many rows agree, and how many do not. @param iterable<array<string, mixed>> $books @return list<int> */
function reconcile(string $path, iterable $books): array
{
    $report = Reconciliation::compare(Bill::open($path), $books);
    return [$report->theirs['payments']['count'], \count($report)];
}

/** The shop's books, unbuffered: a row is fetched when it is asked for. */
function books(string $folder, string $table): \PDOStatement
{
    $pdo = new \PDO("sqlite:$folder/books.sqlite");
    $pdo->setAttribute(\PDO::ATTR_DEFAULT_FETCH_MODE, \PDO::FETCH_ASSOC);
    return $pdo->query("SELECT out_trade_no, total_fee, state, transaction_id FROM $table");
}

/** A line of /proc/self/status, in KiB. */
function resident(string $name): int
{
    return preg_match("/^$name:\\s+(\\d+)/m", file_get_contents('/proc/self/status'), $found) === 1 ? (int) $found[1] : 0;
}

[, $work, $folder] = $argv;
$run = match ($work) {
    'verify' => static fn () => verify("$folder/plain"),
    'verify packed' => static fn () => verify("$folder/packed"),
    'verify, strict' => static fn () => plain_verify_strict("$folder/plain"),
    'verify, lean' => static fn () => plain_verify_lean("$folder/plain"),
    'verify packed, strict' => static fn () => plain_verify_strict("$folder/packed"),
    'iterate' => static fn () => iterate("$folder/plain"),
    'iterate, arrays' => static fn () => plain_iterate("$folder/plain"),
    'reconcile in order' => static fn () => reconcile("$folder/payments", books($folder, 'in_order')),
    'reconcile in order, lean' => static fn () => plain_reconcile_lean("$folder/payments", books($folder, 'in_order')),
    'reconcile in order, strict' => static fn () => plain_reconcile_strict("$folder/payments", books($folder, 'in_order')),
    'reconcile shuffled' => static fn () => reconcile("$folder/payments", books($folder, 'shuffled')),
    'reconcile shuffled, lean' => static fn () => plain_reconcile_lean("$folder/payments", books($folder, 'shuffled')),
    'reconcile shuffled, strict' => static fn () => plain_reconcile_strict("$folder/payments", books($folder, 'shuffled')),
    'books in order' => static fn () => [iterator_count(books($folder, 'in_order')), 0],
    'books shuffled' => static fn () => [iterator_count(books($folder, 'shuffled')), 0],
};
// What was needed to come here does not count.
file_put_contents('/proc/self/clear_refs', '5');
[$before, $cpu, $wall] = [resident('VmRSS'), cpu_seconds(), hrtime(true)];
$result = $run();
[$cpu, $wall] = [cpu_seconds() - $cpu, (hrtime(true) - $wall) / 1e9];
echo json_encode(['result' => $result, 'cpu' => $cpu, 'wall' => $wall, 'kib' => max(0, resident('VmHWM') - $before)]);
