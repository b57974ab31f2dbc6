<?php

declare(strict_types=1);

namespace Demo;

use WechatPay\Difference;
use WechatPay\DifferenceState;

const A_DAY_MS = 86_400_000;

function reconcileTheDay(Shop $shop): void
{
    $books = Books::of($shop);
    $day = yesterdaysTrade($shop, $books);
    $shop->screen->say("Yesterday three things went wrong: the notice of day-0002 was lost, WeChat Pay's bill leaves day-0003 out,");
    $shop->screen->say('and somebody paid phone-0001, which nobody had opened here.');
    $report = $books->ledger->reconcileDay($shop->merchant, $day);
    $shop->screen->row('reconcileDay', "$day: {$report->theirs['payments']['count']} payments in the bill, each row verified");
    foreach ($report as $difference) {
        $shop->screen->row($difference->kind->name, described($difference));
    }
    $states = array_map(static fn (Difference $d): string => "$d->outTradeNo {$d->state->name}", iterator_to_array($report));
    foreach (['day-0002 Healed', 'day-0003 Waiting', 'phone-0001 Open'] as $state) {
        $shop->expect(true, \in_array($state, $states, true), $state);
    }
    $shop->expect([1, 1, 0], array_map($books->credits(...), ['day-0001', 'day-0002', 'phone-0001']), 'the credits');
    settleWhatIsLeft($shop, $books);
    showTheTable($shop, $report);
}

/** Four payments of yesterday, as the shop and WeChat Pay have them. Gives the day. */
function yesterdaysTrade(Shop $shop, Books $books): string
{
    $shop->simulator->control('POST', '/clock', ['advance_ms' => -A_DAY_MS]);
    foreach (['day-0001' => 1990, 'day-0002' => 2990, 'day-0003' => 3990, 'phone-0001' => 4990] as $number => $fee) {
        if ($number !== 'phone-0001') {
            $books->ledger->open($shop->merchant, $number, $fee);
        }
        $shop->simulator->control('POST', '/orders', ['out_trade_no' => $number, 'total_fee' => $fee, 'trade_state' => 'SUCCESS']);
        if (\in_array($number, ['day-0001', 'day-0003'], true)) {
            $books->ledger->apply($shop->query->byOutTradeNo($number));
        }
        $shop->simulator->control('POST', '/clock', ['advance_ms' => 1000]);
    }
    $day = substr((string) $shop->simulator->control('GET', '/clock')['beijing'], 0, 10);
    $shop->simulator->control('POST', '/bills', ['damage' => 'row_left_out', 'row' => 3]);
    // The bill is there from ten o'clock of the next day on.
    $shop->simulator->control('POST', '/clock', ['advance_ms' => 2 * A_DAY_MS]);
    return $day;
}

function described(Difference $difference): string
{
    $why = $difference->state === DifferenceState::Waiting ? ", the bill may have it until $difference->due" : '';
    return "$difference->outTradeNo {$difference->state->name}$why";
}

/** A person looks at what is open, and says what was done. */
function settleWhatIsLeft(Shop $shop, Books $books): void
{
    foreach ($books->ledger->differences($shop->merchant, DifferenceState::Open) as $open) {
        $settled = $books->ledger->settle($open->id, 'ordered by telephone, delivered');
        $shop->screen->row('settle', "$settled->outTradeNo {$settled->state->name}: $settled->note");
    }
    $shop->expect([], $books->ledger->differences($shop->merchant, DifferenceState::Open), 'what is left');
}

/** The table of differences, as a bookkeeper opens it. */
function showTheTable(Shop $shop, \WechatPay\DayReport $report): void
{
    [$orders, $differences] = [tempnam(sys_get_temp_dir(), 'demo-'), tempnam(sys_get_temp_dir(), 'demo-')];
    try {
        $report->toCsv($orders, $differences);
        $shop->screen->say('toCsv() writes both tables for a spreadsheet; that of the differences:');
        foreach (file($differences, FILE_IGNORE_NEW_LINES) ?: [] as $line) {
            $shop->screen->say('  ' . strtr($line, ["\u{feff}" => '', "\t" => '', "\r" => '']));
        }
    } finally {
        array_map('unlink', [$orders, $differences]);
    }
}
