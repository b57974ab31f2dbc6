<?php

declare(strict_types=1);

namespace WechatPayTests;

use PHPUnit\Framework\Attributes\DataProvider;
use WechatPay\Gateway;
use WechatPay\Ledger;
use WechatPay\LedgerState;
use WechatPay\Merchant;
use WechatPay\Notification;
use WechatPay\Resolution;
use WechatPay\Sync;
use WechatPay\Transition;

/** What the ledger promises, on each database. */
final class LedgerTest extends LedgerTestCase
{
    /** @dataProvider databases */
    #[DataProvider('databases')]
    public function testAPaymentIsCreditedOnceTogetherWithTheShopsOwnRow(string $database): void
    {
        $ledger = $this->shop($this->pdo);
        $entry = $this->open($ledger);
        self::assertSame([LedgerState::Created, 100, false], [$entry->state, $entry->totalFee, $entry->credited]);

        $t = $ledger->apply($this->order());
        self::assertSame([LedgerState::Created, LedgerState::Paid], [$t->from, $t->to]);
        self::assertTrue($t->changed && $t->credited && !$t->revoked);
        self::assertSame('paid', $t->reason);
        self::assertSame(Notification::success(), (string) $t->reply());
        self::assertSame([100], $this->booked());
        self::assertSame([1, 1, 1], [$this->rows('credit'), $this->rows('evidence'), $this->rows('outbox')]);

        $found = $ledger->find($this->merchant, 'T00001');
        self::assertSame([LedgerState::Paid, '4200000000000001', true], [$found->state, $found->transactionId, $found->credited]);
        self::assertNull($found->dueAt);
        self::assertFalse($this->pdo->inTransaction());
    }

    /** @dataProvider databases */
    #[DataProvider('databases')]
    public function testF1AReplayIsSuccessAndNoSecondCredit(string $database): void
    {
        $ledger = $this->shop($this->pdo);
        $this->open($ledger);
        $notice = $this->notice();
        self::assertTrue($ledger->applyNotification($notice)->credited);
        foreach ([$notice, $notice, $this->notice()] as $again) {
            $t = $ledger->applyNotification($again);
            self::assertSame([false, false, LedgerState::Paid], [$t->credited, $t->changed, $t->to]);
            self::assertSame(Notification::success(), (string) $t->reply());
        }
        self::assertSame([100], $this->booked());
    }

    /** @dataProvider databases */
    #[DataProvider('databases')]
    public function testF8LateNewsAfterThePaymentChangeNothing(string $database): void
    {
        $ledger = $this->shop($this->pdo);
        $this->open($ledger);
        $ledger->apply($this->order());
        foreach (['NOTPAY', 'USERPAYING', 'ACCEPT', 'CLOSED', 'PAYERROR', 'BRAND_NEW'] as $state) {
            $t = $ledger->apply($this->order(trade_state: $state));
            self::assertSame([LedgerState::Paid, false], [$t->to, $t->changed], $state);
        }
        $observed = $this->pdo->query('SELECT observed FROM wechatpay_evidence ORDER BY id')->fetchAll(\PDO::FETCH_COLUMN);
        self::assertSame(['SUCCESS', 'NOTPAY', 'USERPAYING', 'ACCEPT', 'CLOSED', 'PAYERROR', 'UNKNOWN'], $observed, 'recorded');
        self::assertSame([100], $this->booked());
    }

    /** @dataProvider databases */
    #[DataProvider('databases')]
    public function testF9ARefundSeenBeforeThePaymentCreditsNothingAndAsksForTheRefunds(string $database): void
    {
        $ledger = $this->shop($this->pdo);
        $this->open($ledger);
        $t = $ledger->apply($this->order(trade_state: 'REFUND'));
        self::assertSame([LedgerState::Created, false, 'refunds unknown'], [$t->to, $t->credited, $t->reason]);
        self::assertSame([[], 1], [$this->booked(), $this->rows('evidence')]);
        self::assertLessThanOrEqual(time() + 1, $ledger->find($this->merchant, 'T00001')->dueAt->getTimestamp());
    }

    /** @dataProvider databases */
    #[DataProvider('databases')]
    public function testF12F13WhatDoesNotFitTheOrderIsForReviewAndNotCredited(string $database): void
    {
        $ledger = $this->shop($this->pdo);
        foreach ([['total_fee' => 99], ['fee_type' => 'USD']] as $at => $wrong) {
            $number = "T1000$at";
            $this->open($ledger, $number);
            $t = $ledger->applyNotification($this->notice(...['out_trade_no' => $number] + $wrong));
            self::assertSame([LedgerState::Review, false], [$t->to, $t->credited]);
            self::assertStringContainsString(key($wrong) . ' differs', $t->reason);
            self::assertSame(Notification::success(), (string) $t->reply());
            self::assertSame([], $this->booked($number));
        }
    }

    /** @dataProvider databases */
    #[DataProvider('databases')]
    public function testF13ACouponDoesNotMatterTotalFeeDoes(string $database): void
    {
        $ledger = $this->shop($this->pdo);
        $this->open($ledger);
        self::assertTrue($ledger->apply($this->order(cash_fee: 60, coupon_fee: 40))->credited);
    }

    /** @dataProvider databases */
    #[DataProvider('databases')]
    public function testF15AnOrderNobodyOpenedIsKeptAndAnsweredWithFailUntilItIsForReview(string $database): void
    {
        $ledger = $this->shop($this->pdo);
        $t = $ledger->applyNotification($this->notice());
        self::assertFalse($t->credited);
        self::assertNull($t->entry);
        self::assertSame(Notification::fail('unknown order'), (string) $t->reply());
        self::assertSame(1, $this->rows('evidence'));

        $this->pdo->exec('UPDATE wechatpay_evidence SET seen_at = seen_at - 600000');
        $t = $ledger->applyNotification($this->notice());
        self::assertSame([LedgerState::Review, false], [$t->to, $t->credited]);
        self::assertSame(Notification::success(), (string) $t->reply());
        self::assertSame([], $this->booked());
    }

    /** @dataProvider databases */
    #[DataProvider('databases')]
    public function testF15APaymentThatCameBeforeItsOrderIsCreditedByTheNextNotice(string $database): void
    {
        $ledger = $this->shop($this->pdo);
        $ledger->applyNotification($this->notice());
        $this->open($ledger);
        self::assertTrue($ledger->applyNotification($this->notice())->credited);
        self::assertSame([100], $this->booked());
    }

    /** @dataProvider databases */
    #[DataProvider('databases')]
    public function testF16ASecondTransactionIsForReviewAndKeepsTheFirstCredit(string $database): void
    {
        $ledger = $this->shop($this->pdo);
        $this->open($ledger);
        $ledger->apply($this->order());
        $t = $ledger->apply($this->order(transaction_id: '4200000000000002'));
        self::assertSame([LedgerState::Review, false, 'second transaction_id'], [$t->to, $t->credited, $t->reason]);
        self::assertSame('4200000000000002', $t->entry->suspectTransactionId);
        self::assertSame([100], $this->booked());
        self::assertSame(0, $this->rows('refund'));

        $t = $ledger->resolve($this->merchant, 'T00001', Resolution::Dismiss, 'paid back by hand');
        self::assertSame(LedgerState::Paid, $t->to);
        self::assertFalse($ledger->apply($this->order(transaction_id: '4200000000000002'))->changed);
    }

    /** @dataProvider databases */
    #[DataProvider('databases')]
    public function testATransactionOfAnotherOrderIsForReviewAndNothingIsHalfStored(string $database): void
    {
        $ledger = $this->shop($this->pdo);
        $this->open($ledger);
        $this->open($ledger, 'T00002');
        $ledger->apply($this->order());
        $t = $ledger->apply($this->order(out_trade_no: 'T00002'));
        self::assertSame([LedgerState::Review, false], [$t->to, $t->credited]);
        self::assertSame('transaction_id belongs to another order', $t->reason);
        self::assertSame([[100], []], [$this->booked(), $this->booked('T00002')]);
        self::assertSame(1, $this->rows('credit'));
    }

    /** @dataProvider databases */
    #[DataProvider('databases')]
    public function testF18WithoutItsTablesTheLedgerSaysWhatToDo(string $database): void
    {
        $ledger = new Ledger($this->pdo, fn () => null, prefix: 'other_');
        try {
            $ledger->apply($this->order());
            self::fail('There are no tables.');
        } catch (\LogicException $e) {
            self::assertStringContainsString('call Ledger::install()', $e->getMessage());
        }
        self::assertFalse($this->pdo->inTransaction());
        $ledger->install();
        $this->open($ledger);
        self::assertTrue($ledger->apply($this->order())->credited);
        self::assertSame(0, $this->rows('order'));
    }

    /** @dataProvider databases */
    #[DataProvider('databases')]
    public function testF19TheRepliesAreExact(string $database): void
    {
        $ledger = $this->shop($this->pdo);
        $this->open($ledger);
        self::assertSame(
            '<xml><return_code><![CDATA[SUCCESS]]></return_code><return_msg><![CDATA[OK]]></return_msg></xml>',
            (string) $ledger->applyNotification($this->notice())->reply(),
        );
    }

    /** @dataProvider databases */
    #[DataProvider('databases')]
    public function testF20APaymentAfterTheCloseIsPaidLateAndResolvedByAPerson(string $database): void
    {
        $ledger = $this->shop($this->pdo);
        $this->open($ledger);
        $ledger->apply($this->order(trade_state: 'CLOSED'));
        $t = $ledger->apply($this->order());
        self::assertSame([LedgerState::PaidLate, false], [$t->to, $t->credited]);
        self::assertSame([], $this->booked());

        $t = $ledger->resolve($this->merchant, 'T00001', Resolution::Credit, 'delivered after all');
        self::assertSame([LedgerState::Paid, true], [$t->to, $t->credited]);
        self::assertSame([100], $this->booked());
        $this->expectException(\LogicException::class);
        $ledger->resolve($this->merchant, 'T00001', Resolution::Credit, 'again');
    }

    /** @dataProvider databases */
    #[DataProvider('databases')]
    public function testF20CreditLateCreditsAPaymentAfterTheClose(string $database): void
    {
        $ledger = $this->shop($this->pdo, creditLate: true);
        $this->open($ledger);
        $ledger->apply($this->order(trade_state: 'CLOSED'));
        self::assertTrue($ledger->apply($this->order())->credited);
        self::assertSame([100], $this->booked());
    }

    /** @dataProvider databases */
    #[DataProvider('databases')]
    public function testAReversedPaymentTakesTheCreditBackOnce(string $database): void
    {
        $ledger = $this->shop($this->pdo);
        $ledger->open($this->merchant, 'T00001', 100, tradeType: 'MICROPAY');
        $ledger->apply($this->order());
        $t = $ledger->apply($this->order(trade_state: 'REVOKED'));
        self::assertSame([LedgerState::Revoked, true, false], [$t->to, $t->revoked, $t->credited]);
        self::assertFalse($ledger->apply($this->order(trade_state: 'REVOKED'))->revoked);
        self::assertSame([100, -100], $this->booked());
    }

    /** @dataProvider databases */
    #[DataProvider('databases')]
    public function testNumbersCompareAsBytes(string $database): void
    {
        $ledger = $this->shop($this->pdo);
        $this->open($ledger, 'A1', 100);
        $this->open($ledger, 'a1', 200);
        self::assertTrue($ledger->apply($this->order(out_trade_no: 'a1', total_fee: 200))->credited);
        self::assertSame(LedgerState::Created, $ledger->find($this->merchant, 'A1')->state);
        self::assertSame([[], [200]], [$this->booked('A1'), $this->booked('a1')]);
        self::assertTrue($ledger->apply($this->order(out_trade_no: 'A1', transaction_id: '42a'))->credited);
        self::assertNull($ledger->find($this->merchant, 'A2'));
    }

    /** @dataProvider databases */
    #[DataProvider('databases')]
    public function testAnOrderMayLastAsLongAsBeijingCanWriteATime(string $database): void
    {
        $ledger = $this->shop($this->pdo);
        $last = new \DateTimeImmutable('9999-12-31 23:59:59+08:00');
        $ledger->open($this->merchant, 'T00009', 100, expiresAt: $last);
        self::assertEquals($last, $ledger->find($this->merchant, 'T00009')->expiresAt);
        self::assertTrue($ledger->apply($this->order(out_trade_no: 'T00009', transaction_id: '429'))->credited);
        try {
            $ledger->open($this->merchant, 'T00010', 100, expiresAt: $last->modify('+1 second'));
            self::fail('A time of the year 10000 in Beijing was taken.');
        } catch (\ValueError $e) {
            self::assertStringContainsString('($expiresAt) must be a time between 1970 and 9999, in Beijing', $e->getMessage());
        }
        self::assertNull($ledger->find($this->merchant, 'T00010'));
    }

    /** @dataProvider databases */
    #[DataProvider('databases')]
    public function testOpeningAgainIsTheSameEntryAndOtherTermsAreRefused(string $database): void
    {
        $ledger = $this->shop($this->pdo);
        $expires = new \DateTimeImmutable('+1 hour');
        $open = fn (mixed ...$more) => $ledger->open(...$more + [
            'merchant' => $this->merchant, 'outTradeNo' => 'T00001', 'totalFee' => 100, 'expiresAt' => $expires,
        ]);
        $first = $open();
        self::assertSame($expires->getTimestamp(), $first->expiresAt->getTimestamp());
        self::assertEquals($first, $open());
        foreach ([['totalFee' => 101], ['feeType' => 'USD'], ['tradeType' => 'MICROPAY']] as $other) {
            try {
                $open(...$other);
                self::fail('Opened with another ' . key($other));
            } catch (\ValueError $e) {
                self::assertStringContainsString('($' . key($other) . ') must be opened with the same', $e->getMessage());
            }
        }
        $this->expectException(\ValueError::class);
        $this->expectExceptionMessage('Argument #1 ($merchant)');
        $open(merchant: new Merchant('wxother', SimulatorProcess::MCH_ID, SimulatorProcess::KEY));
    }

    /** @dataProvider databases */
    #[DataProvider('databases')]
    public function testSubMerchantsHaveTheirOwnNumbers(string $database): void
    {
        $ledger = $this->shop($this->pdo);
        $sub = fn (string $id) => new Merchant(
            SimulatorProcess::APPID,
            SimulatorProcess::MCH_ID,
            SimulatorProcess::KEY,
            subMchId: $id,
        );
        $ledger->open($sub('1900000109'), 'T00001', 100);
        $ledger->open($sub('1900000110'), 'T00001', 200);
        $body = Notification::sign(self::payment(total_fee: 200), $sub('1900000110'));
        $notice = Notification::read($body, $sub('1900000109'), $sub('1900000110'));
        self::assertTrue($ledger->applyNotification($notice)->credited);
        self::assertSame(LedgerState::Created, $ledger->find($sub('1900000109'), 'T00001')->state);
        self::assertNull($ledger->find($this->merchant, 'T00001'));
    }

    /** @dataProvider databases */
    #[DataProvider('databases')]
    public function testTheOutboxDeliversAtLeastOnceAndInOrder(string $database): void
    {
        $ledger = $this->shop($this->pdo);
        $this->open($ledger);
        $ledger->apply($this->order());
        $ledger->apply($this->order(trade_state: 'REVOKED'));
        $seen = [];
        $late = fn () => false;
        self::assertSame(0, $ledger->outbox($late));
        $this->pdo->exec('UPDATE wechatpay_outbox SET due_at = 0');
        $deliver = function (string $topic, array $payload, int $id) use (&$seen): void {
            $seen[] = [$topic, $payload['out_trade_no'], $payload['credited'], $payload['revoked']];
        };
        self::assertSame(2, $ledger->outbox($deliver));
        self::assertSame([['PAID', 'T00001', true, false], ['REVOKED', 'T00001', false, true]], $seen);
        self::assertSame(0, $ledger->outbox($deliver));
    }

    /** @dataProvider databases */
    #[DataProvider('databases')]
    public function testF17AnExceptionOfTheDelivererLeavesTheMessageAndIsThrownOn(string $database): void
    {
        $ledger = $this->shop($this->pdo);
        $this->open($ledger);
        $ledger->apply($this->order());
        $mine = new \DomainException('the mail server is away');
        try {
            $ledger->outbox(fn () => throw $mine);
            self::fail('Nothing was thrown.');
        } catch (\DomainException $e) {
            self::assertSame($mine, $e);
        }
        $this->pdo->exec('UPDATE wechatpay_outbox SET due_at = 0');
        self::assertSame(1, $ledger->outbox(fn (string $topic) => true));
    }

    /** @dataProvider databases */
    #[DataProvider('databases')]
    public function testL15InstallIsIdempotentAndANewerSchemaIsRefused(string $database): void
    {
        $ledger = $this->shop($this->pdo);
        $this->open($ledger);
        $ledger->install();
        self::assertSame(1, $this->rows('order'));
        $this->pdo->exec('UPDATE wechatpay_schema SET version = 4');
        $fresh = $this->shop($this->pdo);
        foreach ([fn () => $fresh->install(), fn () => $fresh->apply($this->order())] as $use) {
            try {
                $use();
                self::fail('A newer schema was used.');
            } catch (\LogicException $e) {
                self::assertStringContainsString('schema version 4, this extension knows version 3', $e->getMessage());
            }
        }
        self::assertFalse($this->pdo->inTransaction());
    }

    /** @dataProvider oldServers */
    #[DataProvider('oldServers')]
    public function testL6AServerThatCannotSkipLockedRowsIsRefusedByName(string $database, string $version, string $told): void
    {
        $this->open($this->shop($this->pdo));
        $this->pdo->exec('UPDATE wechatpay_order SET due_at = 1');
        $old = $this->database->connect(OldServer::class);
        $old->version = $version;
        $fresh = new Ledger($old, fn () => null, prefix: 'other_', gateway: new Gateway('https://127.0.0.1:9'));
        $ledger = $this->shop($old, gateway: new Gateway('https://127.0.0.1:9'));
        foreach ([
            'install' => fn () => $fresh->install(),
            'Sync' => fn () => (new Sync($ledger, $this->merchant))->run(0),
            'outbox' => fn () => $ledger->outbox(fn () => true),
        ] as $what => $work) {
            try {
                $work();
                self::fail("$what took no notice.");
            } catch (\LogicException $e) {
                self::assertSame($told, $e->getMessage(), $what);
            }
        }
        self::assertFalse($old->inTransaction());
        $claims = $this->pdo->query('SELECT epoch, due_at FROM wechatpay_order')->fetchAll(\PDO::FETCH_NUM);
        self::assertSame([[0, 1]], array_map(fn (array $row) => array_map(intval(...), $row), $claims), 'nothing was claimed');
        $this->expectException(\PDOException::class);
        $this->pdo->query('SELECT * FROM other_order');
    }

    /** @return iterable<string, array{string, string, string}> */
    public static function oldServers(): iterable
    {
        foreach ([
            ['mariadb', '10.5.23-MariaDB-0+deb11u1', 'MariaDB 10.6', '10.5.23-MariaDB-0+deb11u1'],
            ['mariadb', '5.5.5-10.3.39-MariaDB-log', 'MariaDB 10.6', '10.3.39-MariaDB-log'],
            ['mariadb', '5.7.44-log', 'MySQL 8.0.1', '5.7.44-log'],
            ['pgsql', '9.4.26', 'PostgreSQL 12', '9.4.26'],
            ['sqlite', '3.34.1', 'SQLite 3.37', '3.34.1'],
        ] as [$database, $version, $needed, $named]) {
            yield $version => [$database, $version, "The ledger needs $needed or newer, this database is $named"];
        }
    }

    public function testArgumentsAreCheckedAsPhpDoes(): void
    {
        $make = fn (mixed ...$arguments) => new Ledger(...$arguments);
        foreach ([
            [\TypeError::class, 'Argument #1 ($pdo) must be of type PDO, array given', [[], 'strlen']],
            [\TypeError::class, 'Argument #2 ($onCredit) must be a valid callback', [$this->pdo, 'no_such_function']],
            [\ValueError::class, 'Argument #6 ($prefix) must be 1 to 21', [$this->pdo, 'strlen', 'prefix' => 'a-b']],
        ] as [$class, $message, $arguments]) {
            try {
                $make(...$arguments);
                self::fail($message);
            } catch (\Error $e) {
                self::assertInstanceOf($class, $e);
                self::assertStringContainsString($message, $e->getMessage());
            }
        }
        $ledger = $this->shop($this->pdo);
        foreach ([['bad number', 100], ['T00001', 0], ['T00001', 100, null, 'cny']] as $wrong) {
            try {
                $ledger->open($this->merchant, ...$wrong);
                self::fail(implode(', ', $wrong));
            } catch (\ValueError) {
                self::assertSame(0, $this->rows('order'));
            }
        }
    }
}

/** Says of its server that it is an old one. */
final class OldServer extends \PDO
{
    public string $version;

    public function prepare(string $query, array $options = []): \PDOStatement|false
    {
        $asked = (bool) preg_match("~^SELECT (VERSION\(\)|sqlite_version\(\)|current_setting\('server_version'\))$~", $query);
        return parent::prepare($asked ? "SELECT '$this->version'" : $query, $options);
    }
}
