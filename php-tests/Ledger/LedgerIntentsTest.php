<?php

declare(strict_types=1);

namespace WechatPayTests;

use PHPUnit\Framework\Attributes\DataProvider;
use WechatPay\LedgerState;
use WechatPay\OrderQuery;
use WechatPay\Refund;
use WechatPay\RefundQuery;
use WechatPay\Resolution;
use WechatPay\ServiceException;
use WechatPay\Signer;
use WechatPay\SignType;
use WechatPay\UndecidedException;
use WechatPay\UnifiedOrder;
use WechatPay\Xml;

/** What the shop was told is what holds: refunds, closes and reverses. */
final class LedgerIntentsTest extends LedgerIntentsTestCase
{
    /** @dataProvider refusals */
    #[DataProvider('refusals')]
    public function testR4AVerifiedRefusalOfARepeatEndsNothingWhileTheFirstSendIsOpen(string $database, string $code): void
    {
        $ledger = $this->shop($this->pdo);
        $this->paid($ledger, 'open-0001');
        $this->lose(true);
        $refund = fn (string $no = 'R1') => $ledger->refund($this->merchant, 'open-0001', $no, 400);
        $e = $this->fault($refund);
        self::assertSame([true, true], [$e->maybeProcessed, $e->stillWanted]);
        $this->refuses($code);
        $e = $this->fault($refund);
        self::assertInstanceOf(ServiceException::class, $e);
        self::assertSame([$code, true, true], [$e->errCode, $e->maybeProcessed, $e->stillWanted]);
        self::assertSame(['INTENT', 400], [$this->word('R1'), $ledger->find($this->merchant, 'open-0001')->pendingRefundFee]);
        $this->sync($ledger);
        self::assertSame(['PROCESSING', ['R1' => 400]], [$this->word('R1'), $this->back()]);
        self::assertSame(400, $ledger->find($this->merchant, 'open-0001')->refundedFee);
    }

    /** @return iterable<string, array{string, string}> */
    public static function refusals(): iterable
    {
        foreach (Database::KINDS as $kind) {
            foreach (['NOAUTH', 'NOTENOUGH', 'FREQUENCY_LIMITED', 'TRADE_OVERDUE'] as $code) {
                yield "$kind $code" => [$kind, $code];
            }
        }
    }

    /** @dataProvider databases */
    #[DataProvider('databases')]
    public function testR41EvidenceThatDoesNotNameItsOrderIsBookedUnderNone(string $database): void
    {
        $ledger = $this->shop($this->pdo);
        $answer = [
            'return_code' => 'SUCCESS', 'result_code' => 'SUCCESS', 'appid' => SimulatorProcess::APPID, 'mch_id' => SimulatorProcess::MCH_ID,
            'nonce_str' => 'abc', 'transaction_id' => '4200000001', 'total_fee' => '100', 'cash_fee' => '100', 'trade_state' => 'SUCCESS',
        ];
        $signed = fn (array $fields) => Xml::encode($fields + ['sign' => Signer::sign($fields, SimulatorProcess::KEY, SignType::HmacSha256)]);
        $this->fails('raw_body', '/pay/orderquery', body: $signed($answer));
        $order = (new OrderQuery($this->merchant, $this->gateway))->byTransactionId('4200000001');
        $list = $answer + ['refund_count' => '1', 'out_refund_no_0' => 'R1', 'refund_id_0' => '5', 'refund_fee_0' => '100', 'refund_status_0' => 'SUCCESS'];
        $this->fails('raw_body', '/pay/refundquery', body: $signed($list));
        $refunds = (new RefundQuery($this->merchant, $this->gateway))->byTransactionId('4200000001');
        foreach ([fn () => $ledger->apply($order), fn () => $ledger->applyRefunds($refunds)] as $call) {
            try {
                $call();
                self::fail('It was taken.');
            } catch (\ValueError $e) {
                self::assertStringContainsString('must say which order it is about', $e->getMessage());
            }
        }
        self::assertSame(0, (int) $this->pdo->query('SELECT COUNT(*) FROM wechatpay_evidence')->fetchColumn());
    }

    /** @dataProvider databases */
    #[DataProvider('databases')]
    public function testR4AfterTheGatewaysDelayOnlyAVerifiedListEndsAnOpenSend(string $database): void
    {
        $ledger = $this->shop($this->pdo);
        $this->paid($ledger, 'open-0002');
        $this->lose(false);
        $refund = fn () => $ledger->refund($this->merchant, 'open-0002', 'R1', 400);
        self::assertTrue($this->fault($refund)->stillWanted);
        // Asked a moment after: it may still arrive, and a refusal of the repeat says nothing.
        $this->refuses('NOAUTH');
        $this->sync($ledger);
        self::assertSame('INTENT', $this->word('R1'));
        $this->settle();
        $this->refuses('NOAUTH');
        $this->sync($ledger);
        self::assertSame(['REFUSED', []], [$this->word('R1'), $this->back()]);
        $entry = $ledger->find($this->merchant, 'open-0002');
        self::assertSame([0, 'refund refused', null], [$entry->pendingRefundFee, $entry->reason, $entry->dueAt]);
        $told = [];
        $ledger->outbox(function (string $topic, array $payload) use (&$told): void {
            $told[] = [$topic, $payload['reason'], $payload['note']];
        });
        self::assertSame('refund refused', end($told)[1], 'announced');
        self::assertStringStartsWith('R1: NOAUTH', end($told)[2]);
    }

    /** @dataProvider notAccepted */
    #[DataProvider('notAccepted')]
    public function testR5WhatWasVerifiablyNotAcceptedIsNeverDoneByItself(string $database, string $how): void
    {
        $ledger = $this->shop($this->pdo);
        $this->paid($ledger, 'ends-0001');
        $how === 'refuse' ? $this->fails('refuse', times: 9) : $this->refuses($how);
        $e = $this->fault(fn () => $ledger->refund($this->merchant, 'ends-0001', 'R1', 400));
        self::assertSame([false, false], [$e->maybeProcessed, $e->stillWanted], $e->getMessage());
        self::$simulator->control('DELETE', '/faults');
        self::assertSame(0, $ledger->find($this->merchant, 'ends-0001')->pendingRefundFee);
        $ledger->refund($this->merchant, 'ends-0001', 'R2', 400);
        $this->pdo->exec('UPDATE wechatpay_order SET due_at = 1');
        $this->sync($ledger);
        self::assertSame(['R2' => 400], $this->back());
        // The same number may be called again, with another amount and other options too.
        $t = $ledger->refund($this->merchant, 'ends-0001', 'R1', 300, ['refund_desc' => 'again']);
        self::assertSame([700, ['R2' => 400, 'R1' => 300]], [$t->entry->refundedFee, $this->back()]);
    }

    /** @return iterable<string, array{string, string}> */
    public static function notAccepted(): iterable
    {
        foreach (Database::KINDS as $kind) {
            foreach (['refuse', 'NOTENOUGH', 'NOAUTH', 'FREQUENCY_LIMITED', 'ERROR'] as $how) {
                yield "$kind $how" => [$kind, $how];
            }
        }
    }

    /** @dataProvider databases */
    #[DataProvider('databases')]
    public function testR5ARefundThatNobodyWaitsForStaysWantedUntilItsBalanceIsFilled(string $database): void
    {
        $ledger = $this->shop($this->pdo);
        $ledger->open($this->merchant, 'late-0001', 1000);
        $ledger->apply($this->order(out_trade_no: 'late-0001', total_fee: 1000, trade_state: 'CLOSED'));
        $this->placed('late-0001', 1000);
        self::assertSame(LedgerState::PaidLate, $ledger->apply($this->asked('late-0001'))->to);
        $ledger->resolve($this->merchant, 'late-0001', Resolution::Refund, 'too late');
        $pauses = [];
        foreach ([0, 4, 7] as $attempt) {
            $this->refuses('NOTENOUGH');
            $this->pdo->exec("UPDATE wechatpay_order SET attempt = $attempt");
            $this->sync($ledger);
            $entry = $ledger->find($this->merchant, 'late-0001');
            self::assertSame([LedgerState::PaidLate, 1000], [$entry->state, $entry->pendingRefundFee]);
            $pauses[] = $entry->dueAt->getTimestamp() - time();
        }
        self::assertTrue($pauses[0] < $pauses[1] && $pauses[1] < $pauses[2], 'growing pauses: ' . implode(', ', $pauses));
        $this->sync($ledger);
        self::assertSame(LedgerState::Refunded, $ledger->find($this->merchant, 'late-0001')->state);
    }

    /** @dataProvider databases */
    #[DataProvider('databases')]
    public function testR39OtherOptionsReplaceWhatWasNotAcceptedAndAreRefusedByNameElse(string $database): void
    {
        $ledger = $this->shop($this->pdo);
        $this->paid($ledger, 'opts-0001');
        $refund = fn (int $fee = 200, array $options = []) => $ledger->refund($this->merchant, 'opts-0001', 'R1', $fee, $options);
        $other = ['refund_account' => 'REFUND_SOURCE_RECHARGE_FUNDS'];
        $this->lose(false);
        self::assertTrue($this->fault($refund)->stillWanted);
        foreach ([['options', 200, $other], ['refundFee', 300, []]] as [$argument, $fee, $options]) {
            try {
                $refund($fee, $options);
                self::fail("another $argument");
            } catch (\ValueError $e) {
                self::assertStringContainsString("(\$$argument)", $e->getMessage());
            }
        }
        $this->settle();
        $refund(200, $other);
        $options = json_decode($this->pdo->query('SELECT options FROM wechatpay_refund')->fetchColumn(), true);
        self::assertSame([['R1' => 200], $other], [$this->back(), $options]);
        self::assertFalse($refund()->changed, 'without options it is only asked about');
        self::assertFalse($refund(200, $other)->changed);
        $this->expectException(\ValueError::class);
        $this->expectExceptionMessage('($options)');
        $refund(200, ['refund_desc' => 'something else']);
    }

    /** @dataProvider databases */
    #[DataProvider('databases')]
    public function testR5WithdrawEndsARefundThatWeChatDoesNotKnowAndNoOther(string $database): void
    {
        $ledger = $this->shop($this->pdo);
        $this->paid($ledger, 'take-0001');
        $withdraw = fn (string $number) => $ledger->withdraw($this->merchant, 'take-0001', $number);
        $this->lose(false);
        self::assertTrue($this->fault(fn () => $ledger->refund($this->merchant, 'take-0001', 'R1', 400))->stillWanted);
        $e = $this->fault(fn () => $withdraw('R1'));
        self::assertInstanceOf(UndecidedException::class, $e);
        self::assertTrue($e->stillWanted && $e->retryable, 'it was sent a moment ago');
        $this->settle();
        $t = $withdraw('R1');
        self::assertSame([true, 0, 'refund withdrawn'], [$t->changed, $t->entry->pendingRefundFee, $t->reason]);
        self::assertFalse($withdraw('R1')->changed);
        $this->sync($ledger);
        self::assertSame([], $this->back());

        $this->lose(true);
        self::assertTrue($this->fault(fn () => $ledger->refund($this->merchant, 'take-0001', 'R2', 400))->stillWanted);
        try {
            $withdraw('R2');
            self::fail('WeChat has it.');
        } catch (\LogicException $e) {
            self::assertStringContainsString('R2', $e->getMessage());
        }
        self::assertSame([['R2' => 400], 400], [$this->back(), $ledger->find($this->merchant, 'take-0001')->refundedFee]);
        $this->expectException(\ValueError::class);
        $this->expectExceptionMessage('($outRefundNo)');
        $withdraw('R3');
    }

    /** @dataProvider databases */
    #[DataProvider('databases')]
    public function testR4R5ClosingThatDidNotHappenLeavesTheOrderAsItWas(string $database): void
    {
        $ledger = $this->shop($this->pdo);
        $ledger->open($this->merchant, 'shut-0001', 100);
        $this->placed('shut-0001', 100, 'NOTPAY');
        $close = fn () => $ledger->close($this->merchant, 'shut-0001');
        $this->refuses('NOAUTH', '/pay/closeorder');
        $e = $this->fault($close);
        self::assertSame([false, false, LedgerState::Created], [$e->maybeProcessed, $e->stillWanted, $ledger->find($this->merchant, 'shut-0001')->state]);

        $this->fails('close_after_request', '/pay/closeorder', processed: true);
        $e = $this->fault($close);
        self::assertSame([true, true, LedgerState::Closing], [$e->maybeProcessed, $e->stillWanted, $ledger->find($this->merchant, 'shut-0001')->state]);
        $this->refuses('NOAUTH', '/pay/closeorder');
        $this->fails('status_500', '/pay/orderquery', times: 3);
        $e = $this->fault($close);
        self::assertSame([true, true], [$e->maybeProcessed, $e->stillWanted], 'the first close may have arrived');
        $this->sync($ledger);
        self::assertSame(LedgerState::Closed, $ledger->find($this->merchant, 'shut-0001')->state);
    }

    /** @dataProvider databases */
    #[DataProvider('databases')]
    public function testR16OpeningAgainASecondLaterGivesTheSameEntryAndTheSameOrder(string $database): void
    {
        $ledger = $this->shop($this->pdo);
        $page = function (int $minutes) use ($ledger): array {
            $entry = $ledger->open($this->merchant, 'page-0001', 100, new \DateTimeImmutable("+$minutes minutes"));
            $prepay = (new UnifiedOrder($this->merchant, $this->gateway))->native(
                'page-0001', 100, 'tea', 'https://shop.example/notify', '127.0.0.1', timeExpire: $entry->expiresAt,
            );
            return [$entry->expiresAt->getTimestamp(), $prepay->codeUrl !== ''];
        };
        $first = $page(15);
        self::assertSame([$first, $first], [$page(16), $page(30)]);
        $this->expectException(\ValueError::class);
        $ledger->open($this->merchant, 'page-0001', 101, new \DateTimeImmutable('+15 minutes'));
    }

    /** @dataProvider databases */
    #[DataProvider('databases')]
    public function testR26WhatAReverseForbidsIsNotBlamedOnTheState(string $database): void
    {
        $ledger = $this->shop($this->pdo);
        $ledger->open($this->merchant, 'till-0009', 100, tradeType: 'MICROPAY');
        $this->placed('till-0009', 100, type: 'MICROPAY');
        $ledger->apply($this->asked('till-0009'));
        self::assertSame(LedgerState::Paid, $ledger->reverse($this->merchant, 'till-0009')->to);   // not before its time
        $this->expectException(\LogicException::class);
        $this->expectExceptionMessage('till-0009 cannot be refunded while a reverse of it is wanted');
        $ledger->refund($this->merchant, 'till-0009', 'R1', 1);
    }

    /** @dataProvider databases */
    #[DataProvider('databases')]
    public function testR26ARefundNumberOfAnotherOrderIsCalledSo(string $database): void
    {
        $ledger = $this->shop($this->pdo);
        $this->paid($ledger, 'mine-0001');
        $this->paid($ledger, 'mine-0002');
        $this->refuses('TRADE_OVERDUE');
        $this->fault(fn () => $ledger->refund($this->merchant, 'mine-0001', 'R1', 10));
        (new \WechatPay\Refund($this->merchant, $this->gateway))->byOutTradeNo('mine-0002', 'R1', 1000, 10);
        $t = $ledger->applyRefunds((new RefundQuery($this->merchant, $this->gateway))->byOutTradeNo('mine-0002'));
        self::assertSame(LedgerState::Review, $t->to);
        self::assertSame('out_refund_no belongs to another order', $t->reason);
    }

    /** @dataProvider databases */
    #[DataProvider('databases')]
    public function testR26EachErrorBlamesTheArgumentThatWasWrong(string $database): void
    {
        $ledger = $this->shop($this->pdo);
        $this->paid($ledger, 'name-0001');
        $ledger->refund($this->merchant, 'name-0001', 'R1', 10);
        $m = $this->merchant;
        foreach ([
            'outTradeNo' => [
                fn () => $ledger->resolve($m, 'nobody', Resolution::Credit, 'x'), fn () => $ledger->refund($m, 'nobody', 'R1', 1),
                fn () => $ledger->close($m, 'nobody'), fn () => $ledger->reverse($m, 'nobody'), fn () => $ledger->withdraw($m, 'nobody', 'R1'),
                fn () => $ledger->find($m, 'a b'),
            ],
            'outRefundNo' => [
                fn () => $ledger->withdraw($m, 'name-0001', 'none'), fn () => $ledger->withdraw($m, 'name-0001', 'a b'),
                fn () => $ledger->refund($m, 'name-0001', 'R1', 11),
            ],
            'refundFee' => [fn () => $ledger->refund($m, 'name-0001', 'R2', 991), fn () => $ledger->refund($m, 'name-0001', 'R2', 0)],
            'options' => [fn () => $ledger->refund($m, 'name-0001', 'R2', 1, ['no' => 'such'])],
            'totalFee' => [fn () => $ledger->open($m, 'name-0001', 5), fn () => $ledger->open($m, 'name-0002', 0)],
            'feeType' => [fn () => $ledger->open($m, 'name-0001', 1000, feeType: 'USD')],
            'tradeType' => [fn () => $ledger->open($m, 'name-0001', 1000, tradeType: 'APP')],
            'note' => [fn () => $ledger->resolve($m, 'name-0001', Resolution::Credit, '')],
        ] as $argument => $calls) {
            foreach ($calls as $call) {
                try {
                    $call();
                    self::fail("$argument was taken");
                } catch (\ValueError $e) {
                    self::assertStringContainsString("(\$$argument)", $e->getMessage());
                }
            }
        }
        // Paid with too much: a person's refund blames nobody.
        $ledger->open($m, 'name-0003', 5);
        $this->placed('name-0003', 9);
        $ledger->apply($this->asked('name-0003'));
        self::assertSame(9, $ledger->resolve($m, 'name-0003', Resolution::Refund, 'x')->entry->pendingRefundFee);
    }

    /** @dataProvider databases */
    #[DataProvider('databases')]
    public function testR5WhatIsToGoBackIsNeitherCreditedNorForgottenAsWell(string $database): void
    {
        $ledger = $this->shop($this->pdo);
        $ledger->open($this->merchant, 'both-0001', 100);
        $this->placed('both-0001', 120);
        $ledger->apply($this->asked('both-0001'));
        $resolve = fn (Resolution $as) => $ledger->resolve($this->merchant, 'both-0001', $as, 'x');
        $resolve(Resolution::Refund);
        $resolve(Resolution::Refund);
        self::assertSame(1, $this->rows('refund'));
        foreach ([Resolution::Credit, Resolution::Dismiss] as $as) {
            try {
                $resolve($as);
                self::fail('It is to go back.');
            } catch (\LogicException $e) {
                self::assertStringContainsString('both-0001-resolved', $e->getMessage());
            }
        }
        $ledger->withdraw($this->merchant, 'both-0001', 'both-0001-resolved');
        self::assertTrue($resolve(Resolution::Credit)->credited);
        self::assertSame([], $this->back());
    }
}
