<?php

declare(strict_types=1);

namespace Demo;

use WechatPay\Advice;
use WechatPay\CloseOrder;
use WechatPay\Fen;
use WechatPay\Micropay;
use WechatPay\Order;
use WechatPay\PayException;
use WechatPay\Refund;
use WechatPay\RefundQuery;
use WechatPay\RefundStatus;
use WechatPay\ServiceException;
use WechatPay\SignatureException;
use WechatPay\TradeState;

function hearThatItWasPaid(Shop $shop): void
{
    $shop->screen->say("The shop's endpoint runs at {$shop->endpoint()->url}: notify.php, fifteen lines of PHP.");
    $shop->unifiedOrder->native('lunch-0001', Fen::fromYuan('45.60'), 'Lunch', $shop->endpoint()->url, '127.0.0.1');
    $shop->simulator->pay('lunch-0001');
    $notice = $shop->endpoint()->nextNotice();
    $shop->expect('lunch-0001', $notice['order']['outTradeNo'] ?? null, 'the order of the notice');
    $shop->screen->row('a notice came', "{$notice['order']['outTradeNo']} {$notice['order']['tradeState']}, verified");
    $shop->screen->row('', "dedupeKey {$notice['key']}");
    $sent = $shop->simulator->control('POST', '/settle');
    $shop->expect(true, str_contains((string) json_encode($sent), 'SUCCESS'), 'the exact reply ended the repeats');
    $shop->screen->row('answered', 'Notification::success(), the exact bytes: WeChat Pay will not repeat it');

    $shop->simulator->control('POST', '/notify', ['out_trade_no' => 'lunch-0001', 'kind' => 'payment', 'mutate' => 'forged']);
    $forged = $shop->endpoint()->nextNotice();
    $shop->expect(SignatureException::class, $forged['fault'] ?? null, 'what became of the forged notice');
    $shop->screen->row('a forged one came', 'SignatureException, answered FAIL, nothing booked');
}

function refundAPart(Shop $shop): void
{
    $refund = new Refund($shop->certified, $shop->gateway());
    $ask = fn () => $refund->byOutTradeNo('lunch-0001', 'lunch-0001-R1', 4560, 1280, ['notify_url' => $shop->endpoint()->url]);
    $receipt = $ask();
    $shop->expect(1280, $receipt->refundFee, 'the accepted refund');
    $shop->screen->say("Refund shows the client certificate (good until {$shop->certified->certificateExpiresAt?->format('Y-m-d')}); the query does not.");
    $shop->screen->row('Refund', "accepted 12.80 of 45.60 yuan as $receipt->refundId: accepted, not yet refunded");
    $shop->expect($receipt->refundId, $ask()->refundId, 'the same number again');
    $shop->screen->row('the same call again', 'the same refundId: one outRefundNo never refunds twice');

    $shop->simulator->control('POST', '/clock', ['advance_ms' => 60_000]);
    $notice = $shop->endpoint()->nextNotice();
    $shop->expect('lunch-0001-R1', $notice['refund']['outRefundNo'] ?? null, 'the refund of the notice');
    $shop->screen->row('a notice came', "{$notice['refund']['outRefundNo']} {$notice['refund']['refundStatus']}: decrypted, not signed, so");
    $list = (new RefundQuery($shop->merchant, $shop->gateway()))->byOutTradeNo('lunch-0001');
    $shop->expect([1, 1280], [\count($list), $list->refundedFee], 'the refunds of the order');
    foreach ($list as $entry) {
        $shop->expect(RefundStatus::Success, $entry->refundStatus, 'the status of the refund');
        $shop->screen->row('RefundQuery', "$entry->outRefundNo {$entry->refundStatus->value}, to $entry->refundRecvAccout: verified");
    }
}

function scanThePayersCode(Shop $shop): void
{
    $micropay = new Micropay($shop->certified, $shop->gateway());
    $watch = function (Order|PayException $seen, int $attempt) use ($shop): void {
        if ($attempt <= 2) {
            $shop->screen->row("asked, answer $attempt", stateOrFault($seen));
        }
    };
    $shop->screen->say('The payer must type a password, and does:');
    $shop->simulator->control('POST', '/micropay', ['scenario' => 'password', 'pay_after_ms' => 900]);
    $order = $micropay->pay('till-0001', '134567890123456789', 5200, 'Groceries', '127.0.0.1', intervalMs: 700, onPoll: $watch);
    $shop->expect(TradeState::Success, $order->tradeState, 'the end of the first sale');
    $shop->screen->row('Micropay', state($order));

    $shop->screen->say('This payer never does. After 15 s, the earliest WeChat Pay allows, the sale is reversed:');
    $shop->simulator->control('POST', '/micropay', ['scenario' => 'password_never']);
    $started = hrtime(true);
    $order = $micropay->pay('till-0002', '134567890123456780', 5200, 'Groceries', '127.0.0.1', 15_000, 3000, $watch);
    $shop->expect(TradeState::Revoked, $order->tradeState, 'the end of the second sale');
    $shop->screen->row('Micropay', state($order) . sprintf(' after %.0f s', (hrtime(true) - $started) / 1e9));

    $shop->simulator->control('POST', '/micropay', ['scenario' => 'auth_code_expired']);
    $expired = fn () => $micropay->pay('till-0003', '134567890123456781', 5200, 'Groceries', '127.0.0.1');
    provoke($shop, 'A code that has expired', $expired, ServiceException::class, Advice::AskPayer);
}

function closeTooLate(Shop $shop): void
{
    $shop->place('late-0001', Fen::fromYuan('3'), 'A postcard');
    $shop->simulator->pay('late-0001');
    $close = new CloseOrder($shop->merchant, $shop->gateway());
    provoke($shop, 'The payer was faster than CloseOrder', fn () => $close->byOutTradeNo('late-0001'), ServiceException::class, Advice::QueryOrder);
    askAndShow($shop, 'so ask', 'late-0001', TradeState::Success);
}
