<?php

declare(strict_types=1);

namespace WechatPay;

/**
 * What became of a trade: `trade_state`. Knows what is final, what is paid and what may follow.
 *
 * ```php
 * use WechatPay\TradeState;
 *
 * $state = TradeState::from('NOTPAY');
 * echo $state->label('en'), ', ', $state->isFinal() ? 'final' : 'ask again', "\n";   // prints: not paid, ask again
 * var_dump($state->mayBecome(TradeState::Success));              // prints: bool(true)
 * var_dump(TradeState::Closed->mayBecome(TradeState::Success));  // prints: bool(false)
 * ```
 */
enum TradeState: string
{
    /** Paid. */
    case Success = 'SUCCESS';

    /** Paid, and at least one refund was entered, a partial one too. The sums are in the refund query. */
    case Refund = 'REFUND';

    /** Not paid, also after a failed attempt. */
    case NotPay = 'NOTPAY';

    /** Closed by the merchant or by time; the number can never be paid again. */
    case Closed = 'CLOSED';

    /** Reversed (code payments); a paid amount went back. */
    case Revoked = 'REVOKED';

    /** The payer is typing the password (code payments). */
    case UserPaying = 'USERPAYING';

    /** The payment failed, at the bank for example: reverse it. */
    case PayError = 'PAYERROR';

    /** Accepted, the deduction is pending. */
    case Accept = 'ACCEPT';

    /** A state that this version does not know: neither paid nor final. The word stands in Order::fields(). */
    case Unknown = 'UNKNOWN';

    /**
     * Is this where a trade ends? Success, Refund, Closed, Revoked, PayError. A refund may still follow a payment.
     */
    public function isFinal(): bool
    {
        throw new \Error('WechatPay\\TradeState is provided by the wechatpay extension, which is not loaded.');
    }

    /** Was the money paid? Success, Refund. */
    public function isPaid(): bool
    {
        throw new \Error('WechatPay\\TradeState is provided by the wechatpay extension, which is not loaded.');
    }

    /** Must somebody ask again? Whatever is not final. */
    public function isPending(): bool
    {
        throw new \Error('WechatPay\\TradeState is provided by the wechatpay extension, which is not loaded.');
    }

    /**
     * Is $next this state, or reachable from it? Answers are samples, so states between may be missed. Unknown may
     * become anything, and anything Unknown. A `false` is an alarm: never overwrite a known state with such an answer.
     */
    public function mayBecome(TradeState $next): bool
    {
        throw new \Error('WechatPay\\TradeState is provided by the wechatpay extension, which is not loaded.');
    }

    /**
     * The state's name for people.
     *
     * @param string $lang `en` for English, anything else for Chinese
     */
    public function label(string $lang = 'zh'): string
    {
        throw new \Error('WechatPay\\TradeState is provided by the wechatpay extension, which is not loaded.');
    }
}
