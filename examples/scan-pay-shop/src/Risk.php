<?php

declare(strict_types=1);

namespace Shop;

/**
 * The shop's rules of risk: functions of facts that are stored, a few lines each. Before a payment nobody knows who pays,
 * so rules about the payment itself can only hold the goods back afterwards.
 */
final class Risk
{
    /** An order has a sensible sum. */
    public static function amount(int $fen): Verdict
    {
        return match (true) {
            $fen < 1 => Verdict::refuse('nothing to pay'),
            $fen > 500_000 => Verdict::refuse('more than 5,000 yuan in one order'),
            default => Verdict::allow(),
        };
    }

    /** Who leaves three orders unpaid pays or closes one first: an order page must not be a flood. */
    public static function unpaid(int $ofMember, int $ofAddress): Verdict
    {
        return max($ofMember, intdiv($ofAddress, 10)) >= 3 ? Verdict::refuse('too many unpaid orders') : Verdict::allow();
    }

    /** Orders of one member within a minute, paid or not. */
    public static function pace(int $inLastMinute): Verdict
    {
        return $inLastMinute >= 10 ? Verdict::refuse('too many orders in a minute') : Verdict::allow();
    }

    /** What a member pays on one day, this order included. */
    public static function day(int $fenToday): Verdict
    {
        return $fenToday > 1_000_000 ? Verdict::review('more than 10,000 yuan in a day') : Verdict::allow();
    }

    /** A prepaid balance stays below what the law caps for cards with a name. */
    public static function topUp(int $balance, int $fen): Verdict
    {
        return $balance + $fen > 500_000 ? Verdict::refuse('a balance holds at most 5,000 yuan') : Verdict::allow();
    }

    /** A payment belongs to an order that was there before it, and not a day ago. */
    public static function paidWhen(int $madeAt, int $paidAt): Verdict
    {
        return match (true) {
            $paidAt < $madeAt - 60 => Verdict::review('paid before it was ordered'),
            $paidAt > $madeAt + 86_400 => Verdict::review('paid more than a day later'),
            default => Verdict::allow(),
        };
    }

    /** A refund is small, rare and recent, or a second person agrees. */
    public static function refund(int $fen, int $ofMemberThisWeek, int $daysOld): Verdict
    {
        return match (true) {
            $daysOld > 365 => Verdict::refuse('WeChat refunds for a year'),
            $fen > 50_000 => Verdict::review('more than 500 yuan'),
            $ofMemberThisWeek >= 3 => Verdict::review('the third refund of this member in a week'),
            default => Verdict::allow(),
        };
    }

    /** Money that goes in and out again at once is looked at. */
    public static function velocity(int $secondsSinceTopUp): Verdict
    {
        return $secondsSinceTopUp < 3600 ? Verdict::review('topped up within the last hour') : Verdict::allow();
    }
}
