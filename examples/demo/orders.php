<?php

declare(strict_types=1);

namespace Demo;

use WechatPay\Advice;
use WechatPay\Fen;
use WechatPay\Order;
use WechatPay\PayException;
use WechatPay\ServiceException;
use WechatPay\TradeState;

function placeAnOrder(Shop $shop): void
{
    $totalFee = Fen::fromYuan('12.30');
    $shop->expect(1230, $totalFee, "Fen::fromYuan('12.30')");
    $shop->screen->say("A large coffee costs 12.30 yuan: Fen::fromYuan('12.30') is exactly $totalFee fen, an int.");

    $prepay = $shop->place('coffee-0001', $totalFee, 'A large coffee');
    $shop->expect('NATIVE', $prepay->tradeType, 'the trade type of a scan-pay order');
    $shop->expect(true, str_starts_with((string) $prepay->codeUrl, 'weixin://'), 'the code begins with weixin://');
    $shop->screen->say('UnifiedOrder::native() placed order coffee-0001. The payer scans this:');
    $shop->screen->picture($prepay->qrText());
    $shop->screen->say("It holds $prepay->codeUrl, a code of the simulator: no phone can pay it.");
}

function askWhatBecameOfIt(Shop $shop): void
{
    askAndShow($shop, 'at once', 'coffee-0001', TradeState::NotPay);

    $coupon = ['id' => '2000400001', 'type' => 'CASH', 'fee' => 200];
    $shop->simulator->pay('coffee-0001', ['coupons' => [$coupon]]);
    $paid = askAndShow($shop, 'the payer paid', 'coffee-0001', TradeState::Success);
    $shop->expect(1230, $paid->totalFee, 'the amount of the paid order');
    $shop->expect(1030, $paid->cashFee, 'what the payer paid beside the coupon');

    $shop->simulator->state('coffee-0001', 'REFUND');
    $refunded = askAndShow($shop, 'a refund was entered', 'coffee-0001', TradeState::Refund);
    $shop->expect(true, $refunded->isPaid(), 'an order with a refund was paid');

    $shop->screen->gap();
    $shop->screen->say('The second answer as PHP sees it, verified and typed; what is null is not shown:');
    $shop->screen->table(shownOrder($paid));

    refuse($shop, 'new Order', fn () => new Order());
    refuse($shop, 'clone', fn () => clone $paid);
    refuse($shop, 'unserialize()', fn () => unserialize('O:15:"WechatPay\\Order":0:{}'));
    $shop->screen->say('Nothing else makes an Order: new, clone and unserialize() are refused.');
}

function closeAnOrder(Shop $shop): void
{
    $shop->place('tea-0001', Fen::fromYuan('8'), 'A pot of tea');
    askAndShow($shop, 'a second order', 'tea-0001', TradeState::NotPay);
    $shop->closeOrder->byOutTradeNo('tea-0001');
    $closed = askAndShow($shop, 'CloseOrder', 'tea-0001', TradeState::Closed);

    $shop->expect(false, $closed->tradeState->mayBecome(TradeState::Success), 'CLOSED may become SUCCESS');
    $shop->screen->say('TradeState knows what may follow: CLOSED can never become SUCCESS.');
}

function waitForThePayer(Shop $shop): void
{
    $shop->screen->say('untilFinal() asks every 300 ms here (5 s unless told). The payer pays after the second answer.');
    $shop->place('cake-0001', Fen::fromYuan('0.29'), 'A crumb of cake');
    $started = hrtime(true);
    $watch = function (Order|PayException $seen, int $attempt) use ($shop): void {
        $shop->screen->row("answer $attempt", stateOrFault($seen));
        if ($attempt === 2) {
            $shop->simulator->pay('cake-0001');
        }
    };
    $order = $shop->query->untilFinal('cake-0001', timeoutMs: 10_000, intervalMs: 300, onPoll: $watch);
    $shop->expect(TradeState::Success, $order->tradeState, 'the state that ended the waiting');
    $shop->expect(29, $order->totalFee, 'the amount of the cake');
    $ms = intdiv(hrtime(true) - $started, 1_000_000);
    $shop->screen->say("Paid after $ms ms. Had nobody paid, the last order seen would come back at the timeout.");
}

function askForMany(Shop $shop): void
{
    $shop->screen->say('many() asks concurrently and keeps the order. One fault does not spoil the others:');
    $numbers = ['tea-0001', 'cake-0001', 'coffee-0001', 'nobody-0001'];
    $seen = $shop->query->many($numbers);
    $shop->expect($numbers, array_keys($seen), 'the order of the answers');
    $nobody = $seen['nobody-0001'];
    $shop->expect(ServiceException::class, $nobody::class, 'the answer about nobody-0001');
    $shop->expect(Advice::Wait, $nobody->advice, 'the advice about nobody-0001');
    $shop->screen->table(array_map(stateOrFault(...), $seen));
}

/** Queries an order, checks its state and shows it. */
function askAndShow(Shop $shop, string $when, string $outTradeNo, TradeState $expected): Order
{
    $order = $shop->query->byOutTradeNo($outTradeNo);
    $shop->expect($expected, $order->tradeState, "the state of $outTradeNo");
    $shop->screen->row($when, state($order));
    return $order;
}

/** Checks that something is refused. */
function refuse(Shop $shop, string $what, callable $act): void
{
    $made = true;
    try {
        $act();
    } catch (\Throwable) {
        $made = false;
    }
    $shop->expect(false, $made, "$what makes an Order");
}

/** What one query came to. */
function stateOrFault(Order|PayException $seen): string
{
    return $seen instanceof Order ? state($seen) : shortName($seen) . ', advice ' . advice($seen->advice);
}

/** A state in words. */
function state(Order $order): string
{
    $state = $order->tradeState;
    return str_pad($state->value, 8) . ' ' . $state->label('en') . ($state->isFinal() ? ', final' : ', ask again');
}

/**
 * The properties of an order that are not null, as PHP would write them.
 *
 * @return array<string, string>
 */
function shownOrder(Order $order): array
{
    return array_map(phpText(...), array_filter(get_object_vars($order), fn (mixed $value) => $value !== null));
}

/** A value as PHP would write it. */
function phpText(mixed $value): string
{
    return match (true) {
        $value instanceof \UnitEnum => shortName($value) . '::' . $value->name,
        $value instanceof \DateTimeInterface => $value->format('Y-m-d H:i:s P'),
        $value instanceof \WechatPay\Coupon => "Coupon(id: '$value->id', type: '$value->type', fee: $value->fee)",
        \is_array($value) => '[' . implode(', ', array_map(phpText(...), $value)) . ']',
        default => var_export($value, true),
    };
}

/** The name of an object's class without its namespace. */
function shortName(object $object): string
{
    return substr(strrchr($object::class, '\\') ?: $object::class, 1);
}
