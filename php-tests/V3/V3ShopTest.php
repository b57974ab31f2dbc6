<?php

declare(strict_types=1);

namespace WechatPayTests;

use WechatPay\CloseOrder;
use WechatPay\Ledger;
use WechatPay\LedgerState;
use WechatPay\Merchant;
use WechatPay\MismatchException;
use WechatPay\Notification;
use WechatPay\OrderQuery;
use WechatPay\Refund;
use WechatPay\RefundQuery;
use WechatPay\RefundStatus;
use WechatPay\Sync;
use WechatPay\TradeState;
use WechatPay\UnifiedOrder;

/** A shop in APIv3, and one that is on its way there: the same merchant in both dialects, side by side. */
final class V3ShopTest extends LedgerSimulatorTestCase
{
    private static Endpoint $page;
    private Merchant $v3;
    private Ledger $ledger;

    public static function setUpBeforeClass(): void
    {
        parent::setUpBeforeClass();
        self::$page = Endpoint::start('note(base64_encode(file_get_contents("php://input")), getallheaders()); http_response_code(500);');
    }

    public static function tearDownAfterClass(): void
    {
        self::$page->stop();
        parent::tearDownAfterClass();
    }

    protected function setUp(): void
    {
        parent::setUp();
        self::$page->forget();
        $this->v3 = Merchant::v3(...self::$simulator->v3());
        $this->ledger = $this->shop($this->pdo, gateway: $this->gateway);
    }

    /** An order of the shop's, placed by this merchant. */
    private function placed(Merchant $by, string $number = 'T100001', int $fen = 100): void
    {
        $this->ledger->open($by, $number, $fen);
        (new UnifiedOrder($by, $this->gateway))->native($number, $fen, '茶', 'https://127.0.0.1:1/nobody', '203.0.113.7');
    }

    /** What the gateway posts of an order, read for both. @return list<Notification> */
    private function noticesOf(string $number, mixed ...$how): array
    {
        self::$page->forget();
        self::$simulator->control('POST', '/notify', $how + ['out_trade_no' => $number, 'notify_url' => self::$page->url]);
        return array_map(
            fn (array $note): Notification => Notification::receive(base64_decode($note[0]), $note[1], $this->v3, $this->merchant),
            self::$page->notes(),
        );
    }

    private function due(): void
    {
        $this->pdo->exec('UPDATE wechatpay_order SET due_at = 0');
    }

    private function credited(): int
    {
        return (int) $this->pdo->query('SELECT COUNT(*) FROM balance WHERE fen > 0')->fetchColumn();
    }

    public function testAnOrderOfV2IsQueriedRefundedAndCreditedByApiV3Once(): void
    {
        $this->placed($this->merchant);
        self::$simulator->control('POST', '/pay', ['out_trade_no' => 'T100001']);
        $order = (new OrderQuery($this->v3, $this->gateway))->byOutTradeNo('T100001');
        self::assertSame([TradeState::Success, 100], [$order->tradeState, $order->totalFee]);
        self::assertTrue($this->ledger->apply($order)->credited);
        $again = (new OrderQuery($this->merchant, $this->gateway))->byOutTradeNo('T100001');
        self::assertFalse($this->ledger->apply($again)->credited);
        self::assertEquals($this->ledger->find($this->merchant, 'T100001'), $this->ledger->find($this->v3, 'T100001'));

        $this->ledger->refund($this->v3, 'T100001', 'R1', 40);
        self::$simulator->control('POST', '/clock', ['advance_ms' => 600_000]);
        foreach ([$this->v3, $this->merchant] as $merchant) {
            $list = (new RefundQuery($merchant, $this->gateway))->byOutRefundNo('R1');
            self::assertSame([RefundStatus::Success, 40], [$list->entries[0]->refundStatus, $list->entries[0]->refundFee]);
        }
        [$notice] = $this->noticesOf('T100001', kind: 'refund', out_refund_no: 'R1');
        $this->ledger->applyNotification($notice);
        $this->ledger->applyRefunds((new RefundQuery($this->merchant, $this->gateway))->byOutTradeNo('T100001'));
        $entry = $this->ledger->find($this->v3, 'T100001');
        self::assertSame([LedgerState::PartiallyRefunded, 40, 1], [$entry->state, $entry->refundedFee, $this->credited()]);
    }

    public function testV21ANoticeOfV2AndOneOfApiV3OfOnePaymentCreditOnce(): void
    {
        $this->placed($this->v3);
        self::$simulator->control('POST', '/pay', ['out_trade_no' => 'T100001']);
        $notices = [...$this->noticesOf('T100001'), ...$this->noticesOf('T100001', mutate: 'v2_xml')];
        self::assertSame(['TRANSACTION.SUCCESS', null], array_column($notices, 'eventType'));
        self::assertCount(1, array_unique(array_column($notices, 'dedupeKey')), 'one event');
        $credited = array_map(fn (Notification $notice): bool => $this->ledger->applyNotification($notice)->credited, [...$notices, ...array_reverse($notices)]);
        self::assertSame([true, false, false, false], $credited);
        self::assertSame(1, $this->credited());
        self::assertSame([204, 200], [$notices[0]->reply()->status, $notices[1]->reply()->status]);
    }

    public function testV21ARefundOfApiV3ThatIsAnnouncedInXmlMovesTheOrderByAQuestion(): void
    {
        $this->placed($this->v3);
        self::$simulator->control('POST', '/pay', ['out_trade_no' => 'T100001']);
        $this->ledger->apply((new OrderQuery($this->v3, $this->gateway))->byOutTradeNo('T100001'));
        (new Refund($this->v3, $this->gateway))->byOutTradeNo('T100001', 'R1', 100, 100);
        self::$simulator->control('POST', '/clock', ['advance_ms' => 600_000]);
        [$notice] = $this->noticesOf('T100001', kind: 'refund', out_refund_no: 'R1', mutate: 'v2_xml');
        self::assertSame([null, RefundStatus::Success], [$notice->eventType, $notice->refund->refundStatus]);
        self::assertSame(LedgerState::Paid, $this->ledger->applyNotification($notice)->to, 'it is not signed');
        [$signed] = $this->noticesOf('T100001', kind: 'refund', out_refund_no: 'R1');
        self::assertSame(LedgerState::Refunded, $this->ledger->applyNotification($signed)->to);
    }

    public function testSyncFindsAPaymentThatNoNoticeToldAndClosesWhatNobodyPays(): void
    {
        $this->placed($this->v3, 'T100001');
        $this->placed($this->v3, 'T100002');
        self::$simulator->control('POST', '/pay', ['out_trade_no' => 'T100001']);
        $this->due();
        $report = (new Sync($this->ledger, $this->v3))->run(0);
        self::assertSame([2, 0, 0], [$report->asked, $report->faults, $report->others]);
        self::assertSame([LedgerState::Paid, 1], [$this->ledger->find($this->v3, 'T100001')->state, $this->credited()]);
        self::assertSame(LedgerState::Closed, $this->ledger->close($this->v3, 'T100002')->to);
        self::assertSame(TradeState::Closed, (new OrderQuery($this->merchant, $this->gateway))->byOutTradeNo('T100002')->tradeState);
    }

    public function testAnOrderThatWasPaidMeanwhileIsNotClosedButCredited(): void
    {
        $this->placed($this->v3);
        self::$simulator->control('POST', '/pay', ['out_trade_no' => 'T100001']);
        self::assertSame([LedgerState::Paid, 1], [$this->ledger->close($this->v3, 'T100001')->to, $this->credited()]);
        try {
            (new CloseOrder($this->v3, $this->gateway))->byOutTradeNo('T100001');
            self::fail('a paid order was closed');
        } catch (\WechatPay\ServiceException $e) {
            self::assertSame('ORDER_PAID', $e->errCode);
        }
    }

    public function testTwoMerchantsOfApiV3HaveOneNoticePage(): void
    {
        $pair = openssl_pkey_new(['private_key_bits' => 2048]);
        openssl_pkey_export($pair, $private);
        $theirs = ['apiV3Key' => str_repeat('t', 32), 'privateKey' => $private, 'publicKeyId' => 'PUB_KEY_ID_02', 'publicKey' => openssl_pkey_get_details($pair)['key']];
        $other = Merchant::v3(...self::$simulator->v3(...$theirs + ['mchId' => '1900000109']));
        $this->placed($this->v3);
        self::$simulator->control('POST', '/pay', ['out_trade_no' => 'T100001']);
        self::$simulator->control('POST', '/notify', ['out_trade_no' => 'T100001', 'notify_url' => self::$page->url]);
        $posts = array_map(static fn (array $note) => [base64_decode($note[0]), $note[1]], self::$page->notes());
        $body = Notification::sign(['out_trade_no' => 'T200001', 'transaction_id' => '4200000002', 'amount' => ['total' => 5]], $other);
        $posts[] = [$body, Notification::headers($body, $other)];
        foreach ([[$this->v3, $other], [$other, $this->v3]] as $merchants) {
            $notices = array_map(static fn (array $post) => Notification::receive($post[0], $post[1], ...$merchants), $posts);
            self::assertSame([['10000100', 'T100001'], ['1900000109', 'T200001']], array_map(static fn (Notification $n) => [$n->merchant->mchId, $n->order->outTradeNo], $notices));
        }
        // What one of them has signed is not the other's: sealed with its key and signed by its platform's, it names another.
        $forged = Notification::sign(['mchid' => '10000100', 'out_trade_no' => 'T100001', 'transaction_id' => '4200000003', 'amount' => ['total' => 1]], $other);
        $this->expectException(MismatchException::class);
        Notification::receive($forged, Notification::headers($forged, $other), $this->v3, $other);
    }
}
