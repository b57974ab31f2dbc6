<?php

declare(strict_types=1);

namespace WechatPay;

/**
 * What an order is to the shop. WeChat's own word for a trade is `TradeState`.
 *
 * ```php
 * use WechatPay\LedgerState;
 *
 * echo LedgerState::from('PAID_LATE')->name, "\n";   // prints: PaidLate
 * ```
 */
enum LedgerState: string
{
    /** Opened, not paid. */
    case Created = 'CREATED';

    /** The payer is typing the password (code payments). */
    case UserPaying = 'USERPAYING';

    /** Paid and credited. */
    case Paid = 'PAID';

    /** Paid and credited; a part of it went back. */
    case PartiallyRefunded = 'PART_REFUNDED';

    /** All of it went back. */
    case Refunded = 'REFUNDED';

    /** Being closed or reversed; it may still turn out paid. */
    case Closing = 'CLOSING';

    /** Closed, not paid. */
    case Closed = 'CLOSED';

    /** Reversed (code payments); a payment, if there was one, went back. */
    case Revoked = 'REVOKED';

    /** Paid after it was closed, and not credited: the shop delivers or refunds. */
    case PaidLate = 'PAID_LATE';

    /** Something does not fit, the reason says what: a person decides, by Ledger::resolve(). */
    case Review = 'REVIEW';
}
