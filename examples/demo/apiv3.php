<?php

declare(strict_types=1);

namespace Demo;

use WechatPay\Attempt;
use WechatPay\Fen;
use WechatPay\LedgerState;
use WechatPay\Merchant;
use WechatPay\Notification;
use WechatPay\OrderQuery;
use WechatPay\Refund;
use WechatPay\RefundQuery;
use WechatPay\RefundStatus;
use WechatPay\SignatureException;
use WechatPay\TradeState;
use WechatPay\UnifiedOrder;

function sellInApiV3(Shop $shop): void
{
    $merchant = $shop->v3();
    $shop->screen->say('One line is another: Merchant::v3(...) instead of new Merchant(...). JSON, RSA, sealed notices; the calls stay.');
    $paid = sell($shop, $merchant, 'juice-0001', Fen::fromYuan('18'));
    $shop->expect(1800, $paid['order']['totalFee'] ?? null, 'the amount in the notice');
    $shop->screen->row('a notice came', "{$paid['order']['outTradeNo']} {$paid['order']['tradeState']}: verified, opened; answered 204");
    $shop->screen->row('', "dedupeKey {$paid['key']}: the same form as in v2");
    giveBack($shop, $merchant, 'juice-0001', 1800, 500);
}

/**
 * A sale as the shop has always made it, whatever the merchant speaks; gives the notice.
 *
 * @return array<string, mixed>
 */
function sell(Shop $shop, Merchant $merchant, string $outTradeNo, int $totalFee): array
{
    $orders = new UnifiedOrder($merchant, $shop->gateway());
    $prepay = $orders->native($outTradeNo, $totalFee, 'A glass of juice', $shop->endpoint()->url, '127.0.0.1');
    $shop->expect(true, str_starts_with((string) $prepay->codeUrl, 'weixin://'), 'the code begins with weixin://');
    $shop->screen->row('UnifiedOrder', "$outTradeNo is $prepay->codeUrl");
    $shop->simulator->pay($outTradeNo);
    $order = (new OrderQuery($merchant, $shop->gateway()))->byOutTradeNo($outTradeNo);
    $shop->expect([TradeState::Success, $totalFee], [$order->tradeState, $order->totalFee], 'the paid order');
    $shop->screen->row('OrderQuery', state($order));
    return $shop->endpoint()->nextNotice();
}

/** A refund as the shop has always made it. */
function giveBack(Shop $shop, Merchant $merchant, string $outTradeNo, int $totalFee, int $refundFee): void
{
    $options = ['notify_url' => $shop->endpoint()->url];
    $receipt = (new Refund($merchant, $shop->gateway()))->byOutTradeNo($outTradeNo, "$outTradeNo-R1", $totalFee, $refundFee, $options);
    $shop->expect([$refundFee, RefundStatus::Processing], [$receipt->refundFee, $receipt->refundStatus], 'the accepted refund');
    $shop->screen->row('Refund', "$receipt->refundId accepted, {$receipt->refundStatus->value}: APIv3 says at once where it stands");
    $shop->simulator->control('POST', '/clock', ['advance_ms' => 60_000]);
    $notice = $shop->endpoint()->nextNotice();
    $shop->expect('SUCCESS', $notice['refund']['refundStatus'] ?? null, 'the refund of the notice');
    $shop->screen->row('a notice came', "{$notice['refund']['outRefundNo']} {$notice['refund']['refundStatus']}: signed, where v2's is only sealed");
    $list = (new RefundQuery($merchant, $shop->gateway()))->byOutRefundNo("$outTradeNo-R1");
    $shop->expect($refundFee, $list->refundedFee, 'the refunded fen');
    $shop->screen->row('RefundQuery', Fen::toYuan($list->refundedFee) . ' yuan are back');
}

function rotateTheCertificate(Shop $shop): void
{
    [$old] = $shop->simulator->v3['platform_certificate_files'];
    $paths = [];
    $watch = function (Attempt $try) use ($shop, &$paths): void {
        $paths[] = $try->path;
        $shop->screen->row('', "$try->path: $try->outcome");
    };
    $merchant = $shop->v3(publicKeyId: null, publicKey: null, platformCertificates: [$old]);
    $query = new OrderQuery($merchant, $shop->gateway($watch));
    foreach (['old' => 1, 'new' => 3] as $certificates => $calls) {
        $shop->simulator->control('POST', '/platform', ['mode' => 'certificates', 'certificates' => $certificates]);
        $shop->screen->say("WeChat Pay signs with its $certificates certificate; the shop was given the old one:");
        $order = $query->byOutTradeNo('juice-0001');
        $shop->expect(TradeState::Refund, $order->tradeState, 'the state of juice-0001');
        $shop->expect($calls, \count($paths), "the calls until the $certificates one was known");
    }
    $shop->screen->say('The answer named a certificate that was not known; the list was loaded once, verified, and the order was read.');
    $shop->simulator->control('POST', '/platform', ['mode' => 'public_key']);
}

function refuseAProbe(Shop $shop): void
{
    $shop->screen->say('Now and then WeChat Pay signs wrongly on purpose, to see who looks. A question is asked once more:');
    $outcomes = [];
    $watch = function (Attempt $try) use ($shop, &$outcomes): void {
        $outcomes[] = $try->outcome;
        $shop->screen->row("   try $try->number", $try->outcome, 8);
    };
    $shop->simulator->fault('probe', ['path' => '/v3/pay/transactions/out-trade-no/juice-0001', 'times' => 1]);
    (new OrderQuery($shop->v3(), $shop->gateway($watch)))->byOutTradeNo('juice-0001');
    $shop->expect(['signature', 'ok'], $outcomes, 'the outcomes of the tries');

    $refund = new Refund($shop->v3(), $shop->gateway());
    $again = fn () => $refund->byOutTradeNo('juice-0001', 'juice-0001-R2', 1800, 100);
    $shop->simulator->fault('probe', ['path' => '/v3/refund/domestic/refunds', 'times' => 1]);
    $seen = refused($again);
    $shop->expect([SignatureException::class, true], [$seen::class, $seen->maybeProcessed], 'what became of the refund');
    $shop->screen->row('Refund', 'SignatureException, maybeProcessed: the same number again is safe');
    $shop->expect(100, $again()->refundFee, 'the same call again');
    $shop->screen->row('the same call again', 'accepted, once');
}

/** What a call that must fail has thrown. */
function refused(callable $call): \WechatPay\PayException
{
    try {
        $call();
    } catch (\WechatPay\PayException $seen) {
        return $seen;
    }
    throw new Unexpected('a wrong signature was believed');
}

function creditOnceInApiV3(Shop $shop): void
{
    [$books, $merchant] = [Books::of($shop), $shop->v3()];
    $books->ledger->open($merchant, 'juice-0002', 2100);
    $came = sell($shop, $merchant, 'juice-0002', 2100);
    $notice = Notification::receive($came['body'], $came['headers'], $merchant);
    foreach (['the notice' => $notice, 'the same again' => $notice] as $what => $seen) {
        $t = $books->ledger->applyNotification($seen);
        $shop->screen->row($what, moved($t) . ", answered {$t->reply()->status}");
        $shop->expect([LedgerState::Paid, 204], [$t->to, $t->reply()->status], $what);
    }
    foreach (['a query in APIv3' => $merchant, 'a query in v2' => $shop->merchant] as $what => $asker) {
        $t = $books->ledger->apply((new OrderQuery($asker, $shop->gateway()))->byOutTradeNo('juice-0002'));
        $shop->screen->row($what, moved($t));
        $shop->expect([LedgerState::Paid, false], [$t->to, $t->credited], $what);
    }
    $shop->expect(1, $books->credits('juice-0002'), 'the credits');
    $shop->screen->row('in the shop\'s table', 'one row, whoever told of the payment and in which dialect');
}
