<?php

declare(strict_types=1);

namespace WechatPayTests;

use PHPUnit\Framework\Attributes\DataProvider;
use PHPUnit\Framework\Attributes\Group;
use WechatPay\Advice;
use WechatPay\CloseOrder;
use WechatPay\MalformedMessageException;
use WechatPay\ServiceException;
use WechatPay\TransportException;
use WechatPay\UnifiedOrder;

/**
 * The network's faults (docs/faults.md, N): the right exception, advice, number of tries, and never too late.
 *
 * @group slow
 */
#[Group('slow')]
final class NetworkFaultsTest extends SimulatorTestCase
{
    protected function setUp(): void
    {
        parent::setUp();
        self::order('T100001');
    }

    /** Asks for the order and expects a TransportException. */
    private function lost(Advice $advice, bool $retryable, mixed ...$settings): TransportException
    {
        $query = $this->query(...$settings);
        return self::assertFault(
            TransportException::class,
            $advice,
            $retryable,
            static fn () => $query->byOutTradeNo('T100001'),
        );
    }

    /** Asks for the order, which must be told. */
    private function found(mixed ...$settings): void
    {
        self::assertSame('T100001', $this->query(...$settings)->byOutTradeNo('T100001')->outTradeNo);
    }

    private static function host(string $url): string
    {
        return substr($url, \strlen('https://'));
    }

    public function testN1ARefusedConnectionIsTriedThreeTimes(): void
    {
        self::fault('refuse');
        $e = $this->lost(Advice::Retry, true);
        self::assertStringContainsString('cannot connect to 127.0.0.1', $e->getMessage());
        self::assertSame('T100001', $e->outTradeNo);
        self::assertSame(['transport', 'transport', 'transport'], $this->outcomes());
        self::assertSame([1, 2, 3], array_map(static fn ($a) => $a->number, $this->attempts));
        self::assertNull($this->attempts[0]->reused);
    }

    public function testN1TheSecondTryGoesToTheBackupAndAfterThreeFaultsTheBackupComesFirst(): void
    {
        self::fault('refuse', ['listener' => 'api']);
        $query = $this->query(backupUrl: self::$simulator->backupUrl);
        for ($n = 1; $n <= 4; $n++) {
            self::assertSame('T100001', $query->byOutTradeNo('T100001')->outTradeNo);
        }
        $first = self::host(self::$simulator->url);
        $second = self::host(self::$simulator->backupUrl);
        self::assertSame(
            [$first, $second, $first, $second, $first, $second, $second],
            array_map(static fn ($a) => $a->host, $this->attempts),
        );
    }

    public function testN1ACallThatActsGoesToTheBackupOnceAndWithoutABackupIsNotRepeated(): void
    {
        self::fault('refuse', ['listener' => 'api']);
        (new CloseOrder($this->merchant(), $this->gateway(backupUrl: self::$simulator->backupUrl)))
            ->byOutTradeNo('T100001');
        self::assertSame(['transport', 'ok'], $this->outcomes());

        $this->attempts = [];
        $close = new CloseOrder($this->merchant(), $this->gateway());
        $e = self::caught(static fn () => $close->byOutTradeNo('T100001'));
        self::assertInstanceOf(TransportException::class, $e);
        self::assertSame([Advice::Retry, false], [$e->advice, $e->maybeProcessed]);
        self::assertSame(['transport'], $this->outcomes());
    }

    public function testN4AnUnknownCaIsNamedAndNeitherRetriedNorEvaded(): void
    {
        self::fault('unknown_ca');
        $e = $this->lost(Advice::FixConfiguration, false, backupUrl: self::$simulator->backupUrl);
        self::assertMatchesRegularExpression('~is not trusted: .*signed by ".+", which is not trusted~', $e->getMessage());
        self::assertSame(['transport'], $this->outcomes());
    }

    public function testN4TheSimulatorsCaIsUnknownToTheBuiltInRoots(): void
    {
        $e = $this->lost(Advice::FixConfiguration, false, caFile: null);
        self::assertStringContainsString('which is not trusted', $e->getMessage());
        self::assertSame(['transport'], $this->outcomes());
    }

    public function testN5AnExpiredCertificateIsRefusedWithItsDate(): void
    {
        self::fault('expired_cert');
        $e = $this->lost(Advice::FixConfiguration, false, backupUrl: self::$simulator->backupUrl);
        self::assertStringContainsString('certificate expired on', $e->getMessage());
        self::assertSame(['transport'], $this->outcomes());
    }

    public function testN6ACertificateForAnotherHostIsRefused(): void
    {
        self::fault('wrong_host_cert');
        $e = $this->lost(Advice::FixConfiguration, false, backupUrl: self::$simulator->backupUrl);
        self::assertStringContainsString('certificate belongs to another host', $e->getMessage());
        self::assertSame(['transport'], $this->outcomes());
    }

    public function testN8AHandshakeThatStallsEndsAtTheConnectDeadline(): void
    {
        self::fault('stall_handshake');
        $seconds = self::seconds(fn () => $this->lost(Advice::Retry, true, connectTimeoutMs: 300));
        self::assertSame(['transport', 'transport', 'transport'], $this->outcomes());
        self::assertLessThan(3.0, $seconds);
        foreach ($this->attempts as $attempt) {
            self::assertEqualsWithDelta(300, $attempt->ms, 200);
        }
    }

    public function testN9ACloseNotifyInTheHandshakeEndsItAtOnce(): void
    {
        self::fault('close_notify_in_handshake');
        $seconds = self::seconds(fn () => $this->lost(Advice::Retry, true));
        self::assertLessThan(2.0, $seconds, 'three tries, with pauses of 200 and 400 ms');
    }

    /** @dataProvider drips */
    #[DataProvider('drips')]
    public function testN10N11AnAnswerThatDripsEndsAtTheTotalDeadline(string $fault): void
    {
        self::fault($fault, ['ms' => 150]);
        $seconds = self::seconds(fn () => $this->lost(Advice::Retry, true, timeoutMs: 800));
        self::assertEqualsWithDelta(0.8, $seconds, 0.4);
        self::assertSame(['transport'], $this->outcomes());
    }

    /** @return array<string, array{string}> */
    public static function drips(): array
    {
        return ['n10 in its head' => ['slow_headers'], 'n11 in its body' => ['slow_body']];
    }

    /** @dataProvider breaks */
    #[DataProvider('breaks')]
    public function testN12N16N21ABrokenAnswerIsNeverParsed(string $fault): void
    {
        self::fault($fault, ['times' => 3]);
        $this->lost(Advice::Retry, true);
        self::assertNotContains('ok', $this->outcomes());
        self::noFaults();
        $this->found();
    }

    /** @dataProvider breaks */
    #[DataProvider('breaks')]
    public function testN12N16N21ACallThatActsIsNotRepeatedAfterABrokenAnswer(string $fault): void
    {
        self::fault($fault, ['path' => '/pay/closeorder']);
        $close = new CloseOrder($this->merchant(), $this->gateway(backupUrl: self::$simulator->backupUrl));
        $e = self::caught(static fn () => $close->byOutTradeNo('T100001'));
        self::assertInstanceOf(TransportException::class, $e);
        self::assertSame([Advice::QueryOrder, true], [$e->advice, $e->maybeProcessed]);
        self::assertSame(['transport'], $this->outcomes());
    }

    /** @return array<string, array{string}> */
    public static function breaks(): array
    {
        return [
            'n12 cut short' => ['truncate'],
            'n16 a chunk without a size' => ['bad_chunk'],
            'n21 reset in the body' => ['reset_mid_body'],
        ];
    }

    public function testN13WhatFollowsThePromisedLengthIsIgnoredAndTheSocketIsNotUsedAgain(): void
    {
        self::order('T100002');
        self::fault('trailing_bytes');
        $query = $this->query();
        self::assertSame('T100001', $query->byOutTradeNo('T100001')->outTradeNo);
        self::assertSame('T100002', $query->byOutTradeNo('T100002')->outTradeNo);
        self::assertSame(['ok', 'ok'], $this->outcomes());
        self::assertFalse($this->attempts[1]->reused);
    }

    public function testN14AnAnswerOverAMebibyteIsRefused(): void
    {
        self::fault('oversize', ['times' => 3]);
        $e = $this->lost(Advice::Retry, true);
        self::assertStringContainsString('larger than 1 MiB', $e->getMessage());
    }

    /** @dataProvider statuses */
    #[DataProvider('statuses')]
    public function testN17AServerErrorIsTriedAgainWithGrowingPauses(int $status): void
    {
        self::fault("status_$status", ['times' => 2]);
        $seconds = self::seconds(fn () => $this->found());
        self::assertSame(['transport', 'transport', 'ok'], $this->outcomes());
        self::assertSame([$status, $status, 200], array_map(static fn ($a) => $a->status, $this->attempts));
        self::assertGreaterThan(0.59, $seconds);

        self::fault("status_$status", ['times' => 3]);
        $e = $this->lost(Advice::Retry, true);
        self::assertStringContainsString("HTTP $status", $e->getMessage());
    }

    /** @return list<array{int}> */
    public static function statuses(): array
    {
        return [[500], [502], [503], [504]];
    }

    public function testN18A429WaitsAsLongAsRetryAfterSays(): void
    {
        self::fault('status_429', ['retry_after' => 1]);
        $seconds = self::seconds(fn () => $this->found());
        self::assertEqualsWithDelta(1.0, $seconds, 0.4);
        self::assertSame(['transport', 'ok'], $this->outcomes());
    }

    public function testN18ARetryAfterThatDoesNotFitTheDeadlineEndsTheCall(): void
    {
        self::fault('status_429', ['retry_after' => 60]);
        $seconds = self::seconds(fn () => $this->lost(Advice::Wait, true));
        self::assertLessThan(1.0, $seconds);
        self::assertSame(['transport'], $this->outcomes());
    }

    public function testN18FrequencyLimitedMeansWait(): void
    {
        $body = self::signed(['result_code' => 'FAIL', 'err_code' => 'FREQUENCY_LIMITED']);
        self::fault('raw_body', ['body' => $body]);
        $query = $this->query();
        $e = self::assertFault(
            ServiceException::class,
            Advice::Wait,
            true,
            static fn () => $query->byOutTradeNo('T100001'),
        );
        self::assertSame('FREQUENCY_LIMITED', $e->errCode);
        self::assertSame(['service'], $this->outcomes());
    }

    /** @param array<string, string> $fields */
    private static function signed(array $fields): string
    {
        $fields += [
            'return_code' => 'SUCCESS',
            'appid' => SimulatorProcess::APPID,
            'mch_id' => SimulatorProcess::MCH_ID,
            'nonce_str' => 'x',
        ];
        $type = \WechatPay\SignType::HmacSha256;
        return \WechatPay\Xml::encode($fields + ['sign' => \WechatPay\Signer::sign($fields, SimulatorProcess::KEY, $type)]);
    }

    public function testN19APageOfAProxyIsNotXmlAndSaysHowItBegins(): void
    {
        self::fault('html_200');
        $query = $this->query();
        $e = self::assertFault(
            MalformedMessageException::class,
            Advice::Retry,
            true,
            static fn () => $query->byOutTradeNo('T100001'),
        );
        self::assertStringContainsString('begins with "<!DOCTYPE html', $e->getMessage());
        self::assertSame(['malformed'], $this->outcomes());
    }

    public function testN20ARedirectIsNotFollowed(): void
    {
        self::fault('redirect');
        $e = $this->lost(Advice::FixConfiguration, false);
        self::assertStringContainsString('HTTP 302', $e->getMessage());
        self::assertSame(['/pay/orderquery'], array_column(self::requests(), 'path'));
    }

    public function testN22AConnectionThatTheGatewayHasClosedIsReplacedSilently(): void
    {
        $query = $this->query();
        $query->byOutTradeNo('T100001');
        self::$simulator->control('DELETE', '/connections');
        $query->byOutTradeNo('T100001');
        $query->byOutTradeNo('T100001');
        self::assertSame(['ok', 'ok', 'ok'], $this->outcomes());
        self::assertSame([false, false, true], array_map(static fn ($a) => $a->reused, $this->attempts));
    }

    public function testN22AQueryOnAKeptConnectionThatDiesUnseenIsSentAgainOnce(): void
    {
        $query = $this->query();
        $query->byOutTradeNo('T100001');
        self::fault('close_after_request');
        $query->byOutTradeNo('T100001');
        self::assertSame(['ok', 'ok'], $this->outcomes());
        self::assertFalse($this->attempts[1]->reused);
    }

    public function testN22ACallThatActsIsNotSentAgainOnAConnectionThatDied(): void
    {
        $gateway = $this->gateway();
        $close = new CloseOrder($this->merchant(), $gateway);
        (new \WechatPay\OrderQuery($this->merchant(), $gateway))->byOutTradeNo('T100001');
        self::fault('close_after_request', ['path' => '/pay/closeorder']);
        $e = self::caught(static fn () => $close->byOutTradeNo('T100001'));
        self::assertInstanceOf(TransportException::class, $e);
        self::assertTrue($e->maybeProcessed);
        self::assertCount(2, self::requests());
    }

    public function testN22AnIdleConnectionIsNotUsedAfterSevenSeconds(): void
    {
        $query = $this->query();
        $query->byOutTradeNo('T100001');
        usleep(7_200_000);
        $query->byOutTradeNo('T100001');
        self::assertSame([false, false], array_map(static fn ($a) => $a->reused, $this->attempts));
        self::assertSame(['ok', 'ok'], $this->outcomes());
    }

    public function testN24AnAnswerThatCameTooLateIsNeverTakenForTheNextOne(): void
    {
        self::order('T100002');
        self::fault('late_answer', ['ms' => 500]);
        $gateway = $this->gateway(timeoutMs: 300);
        $query = new \WechatPay\OrderQuery($this->merchant(), $gateway);
        self::caught(static fn () => $query->byOutTradeNo('T100001'));
        usleep(300_000);
        self::assertSame('T100002', $query->byOutTradeNo('T100002')->outTradeNo);
        self::assertFalse($this->attempts[1]->reused);
    }

    public function testN27BothDomainsDownIsAFaultThatPassesByItself(): void
    {
        self::fault('refuse');
        $gateway = $this->gateway(backupUrl: self::$simulator->backupUrl);
        $query = new \WechatPay\OrderQuery($this->merchant(), $gateway);
        self::assertFault(
            TransportException::class,
            Advice::Retry,
            true,
            static fn () => $query->byOutTradeNo('T100001'),
        );
        $hosts = array_map(static fn ($a) => $a->host, $this->attempts);
        self::assertCount(3, $hosts);
        self::assertCount(2, array_unique($hosts));
        self::noFaults();
        self::assertSame('T100001', $query->byOutTradeNo('T100001')->outTradeNo);
    }

    public function testPlacingAgainAfterALostAnswerGivesTheSameOrderAFreshCode(): void
    {
        $order = new UnifiedOrder($this->merchant(), $this->gateway());
        $place = static fn () => $order->native('T100009', 5, 'tea', 'https://shop.example/n', '127.0.0.1');
        self::fault('close_after_request', ['path' => '/pay/unifiedorder']);
        $e = self::caught($place);
        self::assertInstanceOf(TransportException::class, $e);
        self::assertSame([true, true], [$e->maybeProcessed, $e->retryable]);
        self::assertStringStartsWith('weixin://', $place()->codeUrl);
        self::assertCount(2, self::$simulator->control('GET', '/orders'));
    }
}
