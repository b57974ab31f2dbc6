<?php

declare(strict_types=1);

namespace WechatPayTests;

use PHPUnit\Framework\Attributes\DataProvider;
use WechatPay\Ledger;
use WechatPay\LedgerState;
use WechatPay\Merchant;
use WechatPay\Notification;
use WechatPay\RefundQuery;
use WechatPay\Resolution;
use WechatPay\Transition;

/** What a person has dismissed stays dismissed when it is told again; what is told otherwise is another question. */
final class LedgerDismissedTest extends LedgerIntentsTestCase
{
    private function dismissed(Ledger $ledger): LedgerState
    {
        return $ledger->resolve($this->merchant, 'T00001', Resolution::Dismiss, 'a person has looked')->to;
    }

    /** A verified list of refunds of T00001. @param array<string, int> $refunds */
    private function listed(Ledger $ledger, array $refunds): Transition
    {
        $fields = self::payment(refund_count: \count($refunds));
        foreach (array_keys($refunds) as $at => $number) {
            $fields += ["out_refund_no_$at" => $number, "refund_id_$at" => "50$number", "refund_fee_$at" => (string) $refunds[$number], "refund_status_$at" => 'SUCCESS'];
        }
        unset($fields['trade_state']);
        $this->fails('raw_body', '/pay/refundquery', body: Notification::sign($fields, $this->merchant));
        return $ledger->applyRefunds((new RefundQuery($this->merchant, $this->gateway))->byOutTradeNo('T00001'));
    }

    /** @return list<mixed> */
    private static function seen(Transition $t): array
    {
        return [$t->to, $t->reason];
    }

    private function credited(): Ledger
    {
        $ledger = $this->shop($this->pdo);
        $this->open($ledger);
        self::assertTrue($ledger->apply($this->order())->credited);
        return $ledger;
    }

    /** @dataProvider databases */
    #[DataProvider('databases')]
    public function testRefundsOverThePaymentAreAQuestionOnceAndAgainWhenTheyChange(string $database): void
    {
        $ledger = $this->credited();
        $exceeding = ['R1' => 60, 'R2' => 60];
        self::assertSame([LedgerState::Review, 'refunds exceed the payment'], self::seen($this->listed($ledger, $exceeding)));
        self::assertSame(LedgerState::Refunded, $this->dismissed($ledger));
        $messages = $this->rows('outbox');
        self::assertSame([LedgerState::Refunded, 'dismissed by a person'], self::seen($this->listed($ledger, $exceeding)));
        self::assertSame($messages, $this->rows('outbox'), 'nobody is told again');
        self::assertSame([LedgerState::Review, 'refunds exceed the payment'], self::seen($this->listed($ledger, $exceeding + ['R3' => 1])));
    }

    /** @dataProvider databases */
    #[DataProvider('databases')]
    public function testAPaymentThatDoesNotFitIsAQuestionOnceWhoeverTellsItAndAfterAPurgeToo(string $database): void
    {
        $ledger = $this->credited();
        foreach ([['total_fee' => 99], ['transaction_id' => 'SECOND'], ['transaction_id' => 'SECOND', 'total_fee' => 101]] as $told) {
            self::assertSame(LedgerState::Review, $ledger->apply($this->order(...$told))->to);
            self::assertSame(LedgerState::Paid, $this->dismissed($ledger));
            $ledger->purge(new \DateTimeImmutable('+1 day'));
            self::assertSame([LedgerState::Paid, 'dismissed by a person'], self::seen($ledger->applyNotification($this->notice(...$told, nonce_str: 'another'))));
        }
        self::assertSame([LedgerState::Paid, 'dismissed by a person'], self::seen($ledger->apply($this->order(total_fee: 99))), 'the first one too');
        self::assertSame([LedgerState::Paid, 'seen before'], self::seen($ledger->apply($this->order())));
        self::assertSame([100], $this->booked());
    }

    /** @dataProvider databases */
    #[DataProvider('databases')]
    public function testAnotherAppidIsAQuestionOnce(string $database): void
    {
        $ledger = $this->credited();
        $other = new Merchant('wx0000000000000001', SimulatorProcess::MCH_ID, SimulatorProcess::KEY);
        $told = function (string $state) use ($ledger, $other): array {
            $body = Notification::sign(self::payment(appid: 'wx0000000000000001', trade_state: $state), $other);
            return self::seen($ledger->apply(Notification::read($body, $other)->order));
        };
        self::assertSame([LedgerState::Review, 'appid differs'], $told('SUCCESS'));
        self::assertSame(LedgerState::Paid, $this->dismissed($ledger));
        self::assertSame([LedgerState::Paid, 'dismissed by a person'], $told('SUCCESS'));
        self::assertSame([LedgerState::Review, 'appid differs'], $told('REVOKED'), 'that is something else');
    }

    /** @dataProvider databases */
    #[DataProvider('databases')]
    public function testARefundNumberOfAnotherOrderIsAQuestionOnce(string $database): void
    {
        $ledger = $this->credited();
        $this->paid($ledger, 'other-0001');
        $ledger->refund($this->merchant, 'other-0001', 'R1', 10);
        $taken = [LedgerState::Review, 'out_refund_no belongs to another order'];
        self::assertSame($taken, self::seen($this->listed($ledger, ['R1' => 10])));
        self::assertSame(LedgerState::Paid, $this->dismissed($ledger));
        self::assertSame([LedgerState::Paid, 'dismissed by a person'], self::seen($this->listed($ledger, ['R1' => 10])));
        self::assertSame($taken, self::seen($this->listed($ledger, ['R1' => 10, 'R2' => 5])), 'that is something else');
    }
}
