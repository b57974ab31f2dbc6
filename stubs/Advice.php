<?php

declare(strict_types=1);

namespace WechatPay;

/**
 * What to do next: every `PayException` carries one.
 *
 * ```php
 * use WechatPay\Advice;
 * use WechatPay\Merchant;
 * use WechatPay\OrderQuery;
 * use WechatPay\PayException;
 *
 * $merchant = new Merchant('wx2421b1c4370ec43b', '10000100', '0123456789abcdefghijKLMNOPQRSTUV');
 * try {
 *     (new OrderQuery($merchant))->byOutTradeNo('T20261122-nobody');
 * } catch (PayException $e) {
 *     echo match ($e->advice) {
 *         Advice::Retry => 'make the same call again',
 *         Advice::QueryOrder => 'ask OrderQuery before anything else',
 *         Advice::FixCall => 'mend the arguments',
 *         Advice::FixConfiguration => 'wake the operator',
 *         Advice::AskPayer => 'ask the payer for another code or card',
 *         Advice::Wait => 'try the same again later',          // prints: try the same again later
 *         Advice::GiveUp => 'settle it by hand',
 *     }, "\n";
 * }
 * ```
 */
enum Advice: string
{
    /** Make the same call again, with the same numbers. */
    case Retry = 'retry';

    /** Ask what became of the order before doing anything else. */
    case QueryOrder = 'query_order';

    /** The call itself is wrong: change its arguments. */
    case FixCall = 'fix_call';

    /** Key, certificate, account or addresses are wrong: nothing works until that is mended. */
    case FixConfiguration = 'fix_configuration';

    /** The payer can help: a new code, another card, the password. */
    case AskPayer = 'ask_payer';

    /** Nothing is wrong but the moment: try the same again later. */
    case Wait = 'wait';

    /** No call will help: settle it by hand or with a new order. */
    case GiveUp = 'give_up';
}
