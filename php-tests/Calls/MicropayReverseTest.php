<?php

declare(strict_types=1);

namespace WechatPayTests;

use PHPUnit\Framework\Attributes\DataProvider;
use PHPUnit\Framework\Attributes\Group;
use PHPUnit\Framework\TestCase;
use WechatPay\MismatchException;
use WechatPay\ServiceException;
use WechatPay\SignatureException;
use WechatPay\TransportException;
use WechatPay\UndecidedException;

/**
 * Code payments that are reversed (decisions.md 3). WeChat takes no reverse earlier than 15 seconds after the payment, so
 * all of these sales are made at once, each in a process and with a simulator of its own.
 *
 * @group slow
 */
#[Group('slow')]
final class MicropayReverseTest extends TestCase
{
    /** Seconds before which no reverse may go out. */
    private const EARLIEST = 15;

    private const V3_PAY = '/v3/pay/transactions/codepay';
    private const V3_REVERSE = '/v3/pay/transactions/out-trade-no/M100001/reverse';

    /** By name: the scenario of the payment, of the reverse, faults by path, and how the sale is watched. */
    private const SALES = [
        'no password' => ['scenario' => ['password_never']],
        'payment failed' => ['scenario' => ['payerror', 'pay_after_ms' => 1500]],
        'no answer' => ['scenario' => ['timeout']],
        'lost on the way' => ['scenario' => ['lost']],
        'recall' => ['scenario' => ['password_never'], 'reverse' => ['recall' => 3]],
        'still typing' => ['scenario' => ['password_never'], 'reverse' => ['userpaying' => 2]],
        'reverse page' => ['scenario' => ['password_never'], 'reverse' => ['page_502' => 2, 'carried_out' => true]],
        'silent reverse' => ['scenario' => ['password_never'], 'reverse' => ['silent' => 50]],
        'onPoll false' => ['scenario' => ['password_never'], 'watch' => 'stop'],
        'onPoll throws' => ['scenario' => ['password_never'], 'watch' => 'throw'],
        'onPoll exits' => ['scenario' => ['password_never'], 'watch' => 'exit'],
        'signal' => ['scenario' => ['password_never'], 'watch' => 'signal'],
        'not shown' => ['scenario' => ['password_never'], 'watch' => 'hide'],
        'forged' => ['scenario' => ['password_never'], 'faults' => ['/pay/micropay' => 'bad_sign']],
        'foreign' => ['scenario' => ['password_never'], 'faults' => ['/pay/micropay' => 'swapped_merchant']],
        'forged, but paid' => ['scenario' => ['ok'], 'faults' => ['/pay/micropay' => 'bad_sign']],
        'v3: no password' => ['scenario' => ['password_never'], 'v3' => true],
        'v3: no answer' => ['scenario' => ['timeout'], 'v3' => true],
        'v3: still typing' => ['scenario' => ['password_never'], 'reverse' => ['userpaying' => 2], 'v3' => true],
        'v3: reverse page' => ['scenario' => ['password_never'], 'reverse' => ['page_502' => 2, 'carried_out' => true], 'v3' => true],
        'v3: forged' => ['scenario' => ['password_never'], 'faults' => [self::V3_PAY => 'bad_sign'], 'v3' => true],
        'paid at last' => ['scenario' => ['timeout', 'pay_after_ms' => 6000]],
    ];

    /** @var array<string, array{SimulatorProcess, resource, resource}> */
    private static array $running = [];

    public static function setUpBeforeClass(): void
    {
        foreach (self::SALES as $name => $sale) {
            $simulator = SimulatorProcess::start();
            [$scenario] = $sale['scenario'];
            $simulator->control('POST', '/micropay', ['scenario' => $scenario] + \array_slice($sale['scenario'], 1));
            $simulator->control('POST', '/reverse', $sale['reverse'] ?? []);
            foreach ($sale['faults'] ?? [] as $path => $fault) {
                $simulator->control('POST', '/faults', ['path' => $path, 'fault' => $fault]);
            }
            $asked = ['ready' => $simulator->ready, 'number' => 'M100001', 'code' => '134567890123456789'];
            $asked += ['watch' => $sale['watch'] ?? null, 'v3' => $sale['v3'] ?? false];
            $command = [PHP_BINARY, '-d', 'extension=' . PhpProcess::extension(), ROOT . '/php-tests/sell.php', json_encode($asked)];
            $process = proc_open($command, [['file', '/dev/null', 'r'], ['pipe', 'w'], STDERR], $pipes);
            self::$running[$name] = [$simulator, $process, $pipes[1]];
        }
    }

    public static function tearDownAfterClass(): void
    {
        foreach (self::$running as [$simulator, $process]) {
            proc_close($process);
            $simulator->stop();
        }
        self::$running = [];
    }

    /** @return array{array<string, mixed>, SimulatorProcess} how the sale ended, and where */
    private static function ended(string $name): array
    {
        [$simulator, , $output] = self::$running[$name];
        $told = stream_get_contents($output);
        return [json_decode($told, true, 512, JSON_THROW_ON_ERROR), $simulator];
    }

    /** @return list<string> the paths of a simulator's requests */
    private static function paths(SimulatorProcess $simulator): array
    {
        return array_column($simulator->control('GET', '/requests'), 'path');
    }

    /** Asserts that one payment was sent, that it was reversed, and that only the reverse showed the certificate. */
    private static function assertUndone(SimulatorProcess $simulator, int $reverses = 1, string $state = 'REVOKED'): void
    {
        $count = array_count_values(self::paths($simulator));
        self::assertSame([1, $reverses], [$count['/pay/micropay'], $count['/secapi/pay/reverse']]);
        self::assertSame($state, $simulator->control('GET', '/orders')[0]['trade_state']);
        foreach ($simulator->control('GET', '/requests') as $request) {
            self::assertSame($request['path'] === '/secapi/pay/reverse', $request['client_certificate']);
        }
    }

    /** @dataProvider reversed */
    #[DataProvider('reversed')]
    public function testASaleThatDoesNotEndInTimeIsReversed(string $name, int $reverses): void
    {
        [$end, $simulator] = self::ended($name);
        self::assertSame('REVOKED', $end['state'] ?? json_encode($end));
        self::assertGreaterThanOrEqual(self::EARLIEST, $end['seconds']);
        self::assertLessThan(45, $end['seconds']);
        self::assertUndone($simulator, $reverses);
        self::assertNotEmpty($end['seen']);
        self::assertSame(\count(self::paths($simulator)), $end['tried'], 'onAttempt hears of every try');
    }

    /** @return iterable<string, array{string, int}> */
    public static function reversed(): iterable
    {
        foreach (['no password' => 1, 'payment failed' => 1, 'no answer' => 1, 'recall' => 4, 'still typing' => 3, 'reverse page' => 3] as $name => $reverses) {
            yield $name => [$name, $reverses];
        }
    }

    /** @dataProvider reversedInV3 */
    #[DataProvider('reversedInV3')]
    public function testInApiV3TooASaleThatDoesNotEndInTimeIsReversed(string $name, int $reverses): void
    {
        [$end, $simulator] = self::ended($name);
        self::assertSame('REVOKED', $end['state'] ?? json_encode($end));
        self::assertGreaterThanOrEqual(self::EARLIEST, $end['seconds']);
        $count = array_count_values(self::paths($simulator));
        self::assertSame([1, $reverses], [$count[self::V3_PAY], $count[self::V3_REVERSE]]);
        self::assertSame('REVOKED', $simulator->control('GET', '/orders')[0]['trade_state']);
        self::assertSame(\count(self::paths($simulator)), $end['tried'], 'onAttempt hears of every try');
    }

    /** @return iterable<string, array{string, int}> */
    public static function reversedInV3(): iterable
    {
        foreach (['no password' => 1, 'no answer' => 1, 'still typing' => 3, 'reverse page' => 3] as $name => $reverses) {
            yield $name => ["v3: $name", $reverses];
        }
    }

    public function testV1InApiV3AForgedAnswerIsThrownAfterTheSaleIsReversed(): void
    {
        [$end, $simulator] = self::ended('v3: forged');
        self::assertSame([SignatureException::class, 'M100001', true], [$end['class'], $end['number'], $end['maybeProcessed']]);
        self::assertSame(1, array_count_values(self::paths($simulator))[self::V3_REVERSE]);
        self::assertSame('REVOKED', $simulator->control('GET', '/orders')[0]['trade_state']);
    }

    public function testAPaymentThatFailedIsNotWaitedForAnyLonger(): void
    {
        $simulator = self::$running['payment failed'][0];
        $seen = array_count_values(self::paths($simulator))['/pay/orderquery'];
        self::assertLessThan(8, $seen, 'the rest of the 15 seconds nobody asks');
    }

    /** @dataProvider paid */
    #[DataProvider('paid')]
    public function testASaleThatAVerifiedQueryShowsPaidIsPaid(string $name): void
    {
        [$end, $simulator] = self::ended($name);
        self::assertSame('SUCCESS', $end['state'] ?? json_encode($end));
        self::assertNotContains('/secapi/pay/reverse', self::paths($simulator));
    }

    /** @return list<array{string}> */
    public static function paid(): array
    {
        return [['paid at last'], ['forged, but paid']];
    }

    public function testASaleThatWechatNeverHeardOfIsUndecided(): void
    {
        [$end] = self::ended('lost on the way');
        self::assertSame(UndecidedException::class, $end['class']);
        self::assertSame([null, false, ServiceException::class], [$end['lastSeen'], $end['reversed'], $end['previous']]);
        self::assertSame(['QueryOrder', true, 'M100001'], [$end['advice'], $end['maybeProcessed'], $end['number']]);
    }

    public function testAReverseThatGetsNoAnswerIsUndecided(): void
    {
        [$end, $simulator] = self::ended('silent reverse');
        self::assertSame(UndecidedException::class, $end['class']);
        self::assertSame(['USERPAYING', false], [$end['lastSeen'], $end['reversed']]);
        self::assertSame(TransportException::class, $end['previous']);
        self::assertSame(['QueryOrder', true, 'M100001'], [$end['advice'], $end['maybeProcessed'], $end['number']]);
        self::assertLessThanOrEqual(45, $end['seconds']);
        self::assertCount(10, array_keys(self::paths($simulator), '/secapi/pay/reverse'), 'ten times, and no more');
    }

    public function testAReverseThatNoQueryShowsIsUndecidedAndNeverPaid(): void
    {
        [$end, $simulator] = self::ended('not shown');
        self::assertSame(UndecidedException::class, $end['class'], json_encode($end));
        self::assertSame(['SUCCESS', true], [$end['lastSeen'], $end['reversed']]);
        self::assertUndone($simulator);
    }

    public function testOnPollThatReturnsFalseGetsTheSaleReversedFirst(): void
    {
        [$end, $simulator] = self::ended('onPoll false');
        self::assertSame(['REVOKED', ['USERPAYING']], [$end['state'], $end['seen']]);
        self::assertGreaterThanOrEqual(self::EARLIEST, $end['seconds']);
        self::assertUndone($simulator);
    }

    public function testWhatOnPollThrowsIsThrownOnAfterTheReverse(): void
    {
        [$end, $simulator] = self::ended('onPoll throws');
        self::assertSame(['DomainException', 'the till is closed'], [$end['class'], $end['message']]);
        self::assertGreaterThanOrEqual(self::EARLIEST, $end['seconds']);
        self::assertUndone($simulator);
    }

    public function testOnPollThatExitsGetsTheSaleReversedFirst(): void
    {
        [$end, $simulator] = self::ended('onPoll exits');
        self::assertSame(['class' => 'exit'], $end);
        self::assertUndone($simulator);
    }

    public function testWhatASignalHandlerThrowsIsThrownOnAfterTheReverse(): void
    {
        [$end, $simulator] = self::ended('signal');
        self::assertSame(['DomainException', 'the clerk goes home'], [$end['class'], $end['message']]);
        self::assertGreaterThanOrEqual(self::EARLIEST, $end['seconds']);
        self::assertLessThan(10, \count($end['seen']), 'it is not asked on for fifteen seconds');
        self::assertUndone($simulator);
    }

    public function testAForgedAnswerIsThrownAfterTheReverse(): void
    {
        [$end, $simulator] = self::ended('forged');
        self::assertSame(SignatureException::class, $end['class'], json_encode($end));
        self::assertUndone($simulator);
    }

    public function testAnAnswerAboutAnotherOrderIsThrownAfterTheReverse(): void
    {
        [$end, $simulator] = self::ended('foreign');
        self::assertSame(MismatchException::class, $end['class'], json_encode($end));
        self::assertUndone($simulator);
    }
}
