<?php

declare(strict_types=1);

namespace WechatPayTests;

use PHPUnit\Framework\Attributes\DataProvider;
use WechatPay\MalformedMessageException;
use WechatPay\MismatchException;
use WechatPay\Notification;
use WechatPay\Refund;
use WechatPay\RefundQuery;
use WechatPay\ServiceException;
use WechatPay\SignatureException;
use WechatPay\UnifiedOrder;

/** The simulator posts its notices, genuine and otherwise, to a page behind a real web server. */
final class NotificationEndpointTest extends TradeTestCase
{
    private const NUMBER = 'T100001';
    private const REFUND = 'R100001';

    private static Endpoint $endpoint;

    public static function setUpBeforeClass(): void
    {
        parent::setUpBeforeClass();
        $merchant = var_export([SimulatorProcess::APPID, SimulatorProcess::MCH_ID, SimulatorProcess::KEY], true);
        // A shop that knows one order of 100 fen, and notes what it did with each notice.
        self::$endpoint = Endpoint::start(<<<PHP
            use WechatPay\{Merchant, Notification, PayException, TradeState};

            function judge(Notification \$notice): ?string
            {
                if (\$notice->refund !== null) {
                    \$claim = \$notice->refund;
                    return [\$claim->outTradeNo, \$claim->refundFee] === ['T100001', 40] ? null : 'an unknown refund';
                }
                \$order = \$notice->order;
                return match (true) {
                    \$order->tradeState !== TradeState::Success => 'not paid',
                    \$order->outTradeNo !== 'T100001' => 'an unknown order',
                    \$order->subMchId !== null => 'not our sub-merchant',
                    \$order->totalFee !== 100, (\$order->feeType ?? 'CNY') !== 'CNY' => 'another amount',
                    default => null,
                };
            }

            header('Content-Type: text/xml');
            try {
                \$notice = Notification::read(file_get_contents('php://input'), new Merchant(...$merchant));
                \$objection = judge(\$notice);
                note(\$objection ?? \$notice->dedupeKey);
                echo \$objection === null ? Notification::success() : Notification::fail(\$objection);
            } catch (PayException \$e) {
                note(\$e::class);
                echo Notification::fail('not accepted');
            }
            PHP);
    }

    public static function tearDownAfterClass(): void
    {
        self::$endpoint->stop();
        parent::tearDownAfterClass();
    }

    protected function setUp(): void
    {
        parent::setUp();
        self::$endpoint->forget();
    }

    private function place(): void
    {
        (new UnifiedOrder($this->merchant(), $this->gateway()))
            ->native(self::NUMBER, 100, '咖啡', self::$endpoint->url, '127.0.0.1');
    }

    /** Places an order and lets the payer pay; the notice has been answered when this returns. */
    private function payAndHear(): void
    {
        $this->place();
        self::$simulator->control('POST', '/pay', ['out_trade_no' => self::NUMBER]);
        self::$simulator->control('POST', '/settle');
    }

    private function refundAndHear(): void
    {
        (new Refund($this->shop(), $this->gateway()))
            ->byOutTradeNo(self::NUMBER, self::REFUND, 100, 40, ['notify_url' => self::$endpoint->url]);
        self::passTime(10);
        self::$simulator->control('POST', '/settle');
    }

    /**
     * Sends a notice now.
     *
     * @param array<string, mixed> $more
     *
     * @return list<bool> whether each copy was accepted
     */
    private static function send(string $mutation, array $more = []): array
    {
        $told = self::$simulator->control('POST', '/notify', ['out_trade_no' => self::NUMBER, 'mutate' => $mutation] + $more);
        return array_column($told['sent'], 'accepted');
    }

    /** @return list<string> what the page has noted */
    private static function noted(): array
    {
        return array_column(self::$endpoint->notes(), 0);
    }

    public function testF19ANoticeIsAnsweredOnceAndForAll(): void
    {
        $this->payAndHear();
        [$notice] = self::$simulator->control('GET', '/notifications');
        self::assertSame([true, 1, Notification::success()], [
            $notice['accepted'],
            \count($notice['attempts']),
            $notice['attempts'][0]['reply'],
        ]);
        $transactionId = self::booked(self::NUMBER)['payment']['transaction_id'];
        self::assertSame(["pay:10000100::$transactionId"], self::noted());
    }

    public function testF1RepeatsAndCopiesAtTheSameMomentHaveOneKeyAndAreAllAccepted(): void
    {
        $this->payAndHear();
        self::assertSame([true], self::send('resend'));
        self::assertSame([true, true], self::send('two_at_once'));
        self::assertSame(array_fill(0, 10, true), self::send('resend', ['copies' => 10]));
        self::assertCount(14, self::noted());
        self::assertCount(1, array_unique(self::noted()));
    }

    public function testWhatWasNotStoredComesAgain(): void
    {
        self::order(self::NUMBER, ['total_fee' => 101, 'sign_type' => 'HMAC-SHA256', 'notify_url' => self::$endpoint->url]);
        self::$simulator->control('POST', '/pay', ['out_trade_no' => self::NUMBER]);
        self::$simulator->control('POST', '/settle');
        foreach ([15, 15, 30] as $seconds) {
            self::passTime($seconds);
            self::$simulator->control('POST', '/settle');
        }
        [$notice] = self::$simulator->control('GET', '/notifications');
        self::assertSame([false, 4], [$notice['accepted'], \count($notice['attempts'])]);
        self::assertSame(array_fill(0, 4, 'another amount'), self::noted());
    }

    /** @dataProvider paymentMutations */
    #[DataProvider('paymentMutations')]
    public function testF2F3F5F6F7F13F14EveryPaymentNoticeIsTakenForWhatItIs(string $mutation, ?string $noted): void
    {
        $this->payAndHear();
        self::$endpoint->forget();
        self::assertSame([$noted === null], self::send($mutation));
        self::assertSame($noted ?? 'pay', $noted === null ? substr(self::noted()[0], 0, 3) : self::noted()[0]);
    }

    /** @return iterable<string, array{string, string|null}> null: accepted */
    public static function paymentMutations(): iterable
    {
        $all = [
            'resend' => null,
            'with_sign_type' => null,
            'trade_state' => null,
            'extra_field' => null,
            'other_transaction' => null,
            'wrong_order' => 'an unknown order',
            'wrong_amount' => 'another amount',
            'foreign_currency' => 'another amount',
            'other_sub_merchant' => 'not our sub-merchant',
            'failed' => ServiceException::class,
            'other_merchant' => MismatchException::class,
            'other_appid' => MismatchException::class,
            'forged' => SignatureException::class,
            'md5_sign' => SignatureException::class,
            'wrong_sign_type' => SignatureException::class,
            'no_sign' => SignatureException::class,
            'bare' => SignatureException::class,
            'bad_sign' => SignatureException::class,
            'lower_sign' => SignatureException::class,
            'altered' => SignatureException::class,
            'duplicate_field' => MalformedMessageException::class,
            'doctype' => MalformedMessageException::class,
            'truncated' => MalformedMessageException::class,
            'empty' => MalformedMessageException::class,
        ];
        foreach ($all as $mutation => $noted) {
            yield $mutation => [$mutation, $noted];
        }
    }

    /** @dataProvider lies */
    #[DataProvider('lies')]
    public function testF2ANoticeOfAPaymentThatNeverWasIsNotBelieved(string $mutation): void
    {
        $this->place();
        self::assertSame([false], self::send($mutation));
    }

    /** @return list<array{string}> */
    public static function lies(): array
    {
        return [['forged'], ['no_sign'], ['bare'], ['altered']];
    }

    public function testF4HeadersProveNothing(): void
    {
        $this->payAndHear();
        $genuine = self::$simulator->control('GET', '/notifications')[0]['body'];
        $forged = str_replace('100', '1', $genuine);
        $tricks = ['Host: localhost', 'X-Forwarded-For: 127.0.0.1', 'X-Real-IP: 101.226.103.0', 'Wechatpay-Signature: x'];
        [, $reply] = self::$endpoint->post($forged, $tricks);
        self::assertSame(Notification::fail('not accepted'), $reply);
        [$headers, $reply] = self::$endpoint->post($genuine, ['Content-Type: application/json']);
        self::assertSame(Notification::success(), $reply);
        self::assertStringContainsString('200', $headers[0]);
    }

    public function testARefundIsHeardOfAndConfirmed(): void
    {
        $this->payAndHear();
        $this->refundAndHear();
        $notices = self::$simulator->control('GET', '/notifications');
        self::assertSame(['payment', 'refund'], array_column($notices, 'kind'));
        self::assertSame([true, true], array_column($notices, 'accepted'));
        self::assertMatchesRegularExpression('~^refund:10000100::50\d+:SUCCESS$~', self::noted()[1]);
        self::assertSame(40, (new RefundQuery($this->merchant(), $this->gateway()))->byOutRefundNo(self::REFUND)->refundedFee);
    }

    /** @dataProvider refundMutations */
    #[DataProvider('refundMutations')]
    public function testF21EveryRefundNoticeIsTakenForWhatItIs(string $mutation, ?string $noted): void
    {
        $this->payAndHear();
        $this->refundAndHear();
        self::$endpoint->forget();
        self::assertSame([$noted === null], self::send($mutation, ['kind' => 'refund']));
        self::assertSame($noted ?? 'refund', $noted === null ? substr(self::noted()[0], 0, 6) : self::noted()[0]);
    }

    /** @return iterable<string, array{string, string|null}> null: accepted */
    public static function refundMutations(): iterable
    {
        $all = [
            'resend' => null,
            'unknown_status' => null,
            'wrong_order' => 'an unknown refund',
            'wrong_amount' => 'an unknown refund',
            'other_merchant' => MismatchException::class,
            'other_appid' => MismatchException::class,
            'forged' => MalformedMessageException::class,
            'bad_padding' => MalformedMessageException::class,
            'bad_base64' => MalformedMessageException::class,
            'bad_length' => MalformedMessageException::class,
            'no_req_info' => SignatureException::class,
            'truncated' => MalformedMessageException::class,
            'empty' => MalformedMessageException::class,
        ];
        foreach ($all as $mutation => $noted) {
            yield $mutation => [$mutation, $noted];
        }
    }

    public function testF1CopiesOfARefundNoticeHaveOneKey(): void
    {
        $this->payAndHear();
        $this->refundAndHear();
        self::$endpoint->forget();
        self::assertSame([true, true], self::send('two_at_once', ['kind' => 'refund']));
        self::assertCount(1, array_unique(self::noted()));
    }

    public function testEveryMutationOfTheSimulatorIsTried(): void
    {
        $source = file_get_contents(ROOT . '/src/simulator/notice/mutation.rs');
        $source = substr($source, 0, strpos($source, '#[cfg(test)]'));
        preg_match_all('~^\s+((?:"\w*"(?: \| )?)+) =>~m', $source, $arms);
        preg_match_all('~"(\w+)"~', implode(' ', $arms[1]), $known);
        $tried = array_keys([...iterator_to_array(self::paymentMutations()), ...iterator_to_array(self::refundMutations())]);
        self::assertSame([], array_values(array_diff(array_unique($known[1]), $tried, ['two_at_once'])));
    }
}
