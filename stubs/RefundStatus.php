<?php

declare(strict_types=1);

namespace WechatPay;

/**
 * `refund_status`: what became of a refund.
 *
 * ```php
 * use WechatPay\RefundStatus;
 *
 * foreach (RefundStatus::cases() as $status) {
 *     echo $status->value, ': ', match ($status) {
 *         RefundStatus::Success => 'the money is back',           // prints: SUCCESS: the money is back
 *         RefundStatus::Processing => 'ask again later',
 *         RefundStatus::RefundClose => 'nothing moved: mend the cause and repeat with the same number',
 *         RefundStatus::Change => 'the card is gone: the money is with the shop again, pay it by hand',
 *         RefundStatus::Unknown => 'ask WeChat Pay',
 *     }, "\n";
 * }
 * ```
 */
enum RefundStatus: string
{
    /** The money is with the payer. */
    case Success = 'SUCCESS';

    /** On its way. */
    case Processing = 'PROCESSING';

    /** Closed, and no money moved: may be repeated with the same number. The old word FAIL reads as this. */
    case RefundClose = 'REFUNDCLOSE';

    /** Bounced: the money is back with the merchant and must be paid by hand. */
    case Change = 'CHANGE';

    /** A word that this version does not know; it stands in fields(). */
    case Unknown = 'UNKNOWN';
}
