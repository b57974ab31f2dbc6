<?php

declare(strict_types=1);

namespace Demo;

use WechatPay\Advice;
use WechatPay\Attempt;
use WechatPay\GatewayException;
use WechatPay\Merchant;
use WechatPay\MismatchException;
use WechatPay\OrderQuery;
use WechatPay\PayException;
use WechatPay\SignatureException;
use WechatPay\Signer;
use WechatPay\SignType;
use WechatPay\TradeState;
use WechatPay\TransportException;

function askWhileOneDomainIsIll(Shop $shop): void
{
    $shop->screen->say('The first domain answers 502 once. onAttempt sees each try; a shop would log it.');
    $tries = [];
    $query = watchedQuery($shop, $tries);
    $shop->simulator->fault('status_502', ['path' => '/pay/orderquery', 'listener' => 'api', 'times' => 1]);
    $order = $query->byOutTradeNo('cake-0001');
    $shop->expect([502, 200], $tries, 'the HTTP statuses of the tries');
    $shop->expect(TradeState::Success, $order->tradeState, 'the state of cake-0001');
    $shop->screen->say("The caller only sees the order: it is {$order->tradeState->value}.");
}

function provokeFaults(Shop $shop): void
{
    $shop->screen->say('Each kind of fault has its own exception, and each exception says what to do next.');
    $ask = fn () => $shop->query->byOutTradeNo('coffee-0001');

    $shop->simulator->fault('bad_sign', ['path' => '/pay/orderquery']);
    provoke($shop, 'One digit of the sign is wrong', $ask, SignatureException::class, Advice::FixConfiguration);

    $shop->simulator->fault('swapped_order', ['path' => '/pay/orderquery']);
    provoke($shop, 'A genuine answer, about another order', $ask, MismatchException::class, Advice::Retry);

    $shop->simulator->fault('unknown_ca');
    provoke($shop, 'A gateway that nobody vouches for', $ask, TransportException::class, Advice::FixConfiguration);

    $shop->simulator->fault('status_502', ['path' => '/pay/orderquery', 'times' => 3]);
    $tries = [];
    $query = watchedQuery($shop, $tries);
    $patient = fn () => $query->byOutTradeNo('coffee-0001');
    provoke($shop, 'Both domains are ill for three tries', $patient, TransportException::class, Advice::Retry);
    $shop->expect([502, 502, 502], $tries, 'the HTTP statuses of the tries');

    $stranger = new Merchant(Shop::APPID, Shop::MCH_ID, 'ThisIsNotTheKeyOfThisMerchant!!!');
    $wrongKey = fn () => (new OrderQuery($stranger, $shop->gateway()))->byOutTradeNo('coffee-0001');
    provoke($shop, 'The shop has a wrong key', $wrongKey, GatewayException::class, Advice::FixConfiguration);
}

function explainASign(Shop $shop): void
{
    $fields = ['total_fee' => 1230, 'body' => 'A large coffee', 'attach' => '', 'mch_id' => Shop::MCH_ID];
    $query = 'body=A+large+coffee&mch_id=' . Shop::MCH_ID . '&total_fee=1230&key=' . Shop::KEY;
    $fields['sign'] = strtoupper(hash_hmac('sha256', $query, Shop::KEY));
    $shop->screen->say('A shop made this sign with http_build_query(). Signer::explain() finds out:');
    $explained = Signer::explain($fields, Shop::KEY, SignType::HmacSha256);
    $shop->expect(true, str_contains($explained, 'URL-encoded'), 'the hint names the mistake');
    $shop->expect(false, str_contains($explained, Shop::KEY), 'the key is in the explanation');
    $shop->screen->say(...explode("\n", rtrim($explained)));
}

/** Does what must fail; checks how, and shows it. Takes back the faults. */
function provoke(Shop $shop, string $title, callable $act, string $class, Advice $advice): void
{
    $shop->screen->gap();
    $shop->screen->say($title);
    $seen = null;
    try {
        $act();
    } catch (PayException $seen) {
        $shop->screen->row('', shortName($seen) . ', advice ' . advice($seen->advice), 1);
        $shop->screen->row('', $seen->getMessage(), 1);
    } finally {
        $shop->simulator->heal();
    }
    $shop->expect($class, $seen === null ? null : $seen::class, $title);
    $shop->expect($advice, $seen?->advice, "the advice when $title");
}

/**
 * A query that shows each try and collects the statuses.
 *
 * @param list<int|null> $tries
 */
function watchedQuery(Shop $shop, array &$tries): OrderQuery
{
    $watch = function (Attempt $try) use ($shop, &$tries): void {
        $tries[] = $try->status;
        $connection = match ($try->reused) { true => 'kept', false => 'new', null => 'no' };
        $text = "$try->host: HTTP " . ($try->status ?? '-') . ", $try->outcome, $connection connection";
        $shop->screen->row("   try $try->number", $text, 8);
    };
    return new OrderQuery($shop->merchant, $shop->gateway($watch));
}

/** An advice and what it means. */
function advice(Advice $advice): string
{
    return $advice->name . match ($advice) {
        Advice::Retry => ': make the same call again',
        Advice::QueryOrder => ': query the order before anything else',
        Advice::FixCall => ': mend the arguments',
        Advice::FixConfiguration => ': wake the operator',
        Advice::AskPayer => ': ask the payer for another code or card',
        Advice::Wait => ': try the same again later',
        Advice::GiveUp => ': settle it by hand',
    };
}
