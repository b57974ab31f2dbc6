<?php

declare(strict_types=1);

namespace WechatPay;

/**
 * How a person decides about an order in Review or PaidLate: the argument of `Ledger::resolve()`.
 *
 * ```php
 * use WechatPay\Resolution;
 *
 * foreach (Resolution::cases() as $case) {
 *     echo $case->name, "\n";   // prints: Credit
 * }
 * ```
 */
enum Resolution: string
{
    /** Give the credit: $onCredit runs. */
    case Credit = 'CREDIT';

    /** Send all of the payment back: a refund is written down, `Sync` asks for it. */
    case Refund = 'REFUND';

    /** It was settled by hand: nothing more is to be done. */
    case Dismiss = 'DISMISS';
}
