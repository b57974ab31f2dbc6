<?php

declare(strict_types=1);

namespace WechatPayTests;

use PHPUnit\Framework\Attributes\DataProvider;
use WechatPay\Advice;
use WechatPay\AuthCodeToOpenId;
use WechatPay\Client;
use WechatPay\CloseOrder;
use WechatPay\GatewayException;
use WechatPay\MalformedMessageException;
use WechatPay\Micropay;
use WechatPay\OrderQuery;
use WechatPay\Refund;
use WechatPay\RefundQuery;
use WechatPay\Report;
use WechatPay\Reverse;
use WechatPay\ScanPay;
use WechatPay\ServiceException;
use WechatPay\ShortUrl;
use WechatPay\SignatureException;
use WechatPay\Signer;
use WechatPay\SignType;
use WechatPay\UnifiedOrder;
use WechatPay\Xml;

/**
 * The protocol's faults in the answers of every call. What they mean depends on what the call does: one that only asks may be
 * made again, one that acts may have acted.
 */
final class CallFaultsTest extends TradeTestCase
{
    private const PAID = 'T100001';
    private const OPEN = 'T100002';
    private const REFUND = 'R100001';

    /** By name: path, what it does, and whether its own reading goes on after faults that leave the end open. */
    private const CALLS = [
        'OrderQuery' => ['/pay/orderquery', 'asks'],
        'RefundQuery' => ['/pay/refundquery', 'asks'],
        'UnifiedOrder' => ['/pay/unifiedorder', 'acts'],
        'CloseOrder' => ['/pay/closeorder', 'acts'],
        'Refund' => ['/secapi/pay/refund', 'acts'],
        'Reverse' => ['/secapi/pay/reverse', 'goes on'],
        'Micropay' => ['/pay/micropay', 'goes on'],
        'AuthCodeToOpenId' => ['/tools/authcodetoopenid', 'acts'],
        'ShortUrl' => ['/tools/shorturl', 'acts'],
        'Report' => ['/payitil/report', 'acts'],
        'Client' => ['/pay/orderquery', 'once'],
    ];

    protected function setUp(): void
    {
        parent::setUp();
        self::paid(self::PAID);
        self::order(self::OPEN);
        self::paid('M100001', ['trade_type' => 'MICROPAY', 'created_ago_ms' => 20_000]);
    }

    /** Makes a call that works unless its answer is spoiled. */
    private function call(string $name): mixed
    {
        $shop = $this->shop();
        $gateway = $this->gateway();
        $longUrl = (new ScanPay($shop))->productUrl('P1');
        return match ($name) {
            'OrderQuery' => (new OrderQuery($shop, $gateway))->byOutTradeNo(self::PAID),
            'RefundQuery' => (new RefundQuery($shop, $gateway))->byOutTradeNo(self::PAID),
            'UnifiedOrder' => (new UnifiedOrder($shop, $gateway))->native('T100009', 1, 'tea', self::NOTIFY_URL, '127.0.0.1'),
            'CloseOrder' => (new CloseOrder($shop, $gateway))->byOutTradeNo(self::OPEN),
            'Refund' => (new Refund($shop, $gateway))->byOutTradeNo(self::PAID, self::REFUND, 100, 40),
            'Reverse' => (new Reverse($shop, $gateway))->byOutTradeNo('M100001'),
            'Micropay' => (new Micropay($shop, $gateway))
                ->pay('M100002', self::code(), 100, 'tea', '127.0.0.1', timeoutMs: 15_000, intervalMs: 100),
            'AuthCodeToOpenId' => (new AuthCodeToOpenId($shop, $gateway))->byAuthCode(self::code()),
            'ShortUrl' => (new ShortUrl($shop, $gateway))->of($longUrl),
            'Report' => (new Report($shop, $gateway))->send('https://a.test/', 1, 'SUCCESS', 'SUCCESS', '127.0.0.1'),
            'Client' => (new Client($shop, $gateway))->call('/pay/orderquery', ['out_trade_no' => self::PAID]),
        };
    }

    /**
     * Makes a call whose next answer is spoiled.
     *
     * @param array<string, mixed> $more
     */
    private function spoiled(string $name, string $fault, array $more = []): mixed
    {
        if ($name === 'RefundQuery') {
            $this->call('Refund');
        }
        self::spoil(self::CALLS[$name][0], $fault, $more);
        return $this->call($name);
    }

    /**
     * Asserts that the fault ends the call so, or that the call goes on to its right end.
     *
     * @param array<string, mixed> $more
     */
    private function assertEnds(string $class, Advice $asked, Advice $acted, string $name, string $fault, array $more = []): void
    {
        [$path, $kind] = self::CALLS[$name];
        if ($kind === 'goes on') {
            $this->spoiled($name, $fault, $more + ['processed' => true]);
            $number = $name === 'Reverse' ? 'M100001' : 'M100002';
            $expected = $name === 'Reverse' ? 'REVOKED' : 'SUCCESS';
            self::assertSame($expected, self::booked($number)['trade_state']);
            self::assertCount($name === 'Reverse' ? 2 : 1, self::sent($path));
            return;
        }
        $times = $fault === 'system_error' && $name === 'Refund' ? 3 : 1;
        $e = self::thrown($class, fn () => $this->spoiled($name, $fault, $more + ['times' => $times]));
        self::assertCount($times, self::sent($path));
        $advice = match ($kind) {
            'asks' => $asked,
            // What might act twice is never advised to be made again.
            'once' => $acted === Advice::Retry ? Advice::QueryOrder : $acted,
            default => $acted,
        };
        self::assertVerdict($advice, $kind !== 'once', $kind !== 'asks', $e);
    }

    /** @return iterable<string, array{string}> */
    public static function calls(): iterable
    {
        foreach (array_keys(self::CALLS) as $name) {
            yield $name => [$name];
        }
    }

    public function testEveryCallIsHere(): void
    {
        $constructors = preg_grep('~function __construct\(Merchant \$merchant, \?Gateway~', array_map(
            file_get_contents(...),
            array_combine(glob(ROOT . '/stubs/*.php'), glob(ROOT . '/stubs/*.php')),
        ));
        $classes = array_map(static fn (string $file): string => basename($file, '.php'), array_keys($constructors));
        $trade = array_diff($classes, ['DownloadBill', 'DownloadFundFlow', 'Ledger', 'Sync']);
        Lists::assertSame($trade, array_keys(self::CALLS));
    }

    /** @dataProvider calls */
    #[DataProvider('calls')]
    public function testEachCallWorksWhenNothingIsSpoiled(string $name): void
    {
        if ($name === 'RefundQuery') {
            $this->call('Refund');
        }
        $this->call($name);
        self::assertSame(['ok'], array_values(array_unique($this->outcomes())));
    }

    /** @dataProvider calls */
    #[DataProvider('calls')]
    public function testP7AnUnsignedRefusalSaysNothing(string $name): void
    {
        $this->assertEnds(GatewayException::class, Advice::Retry, Advice::Retry, $name, 'return_system_error');
    }

    /** @dataProvider calls */
    #[DataProvider('calls')]
    public function testP7ATextOfARefusalIsOnlyText(string $name): void
    {
        if ($name === 'Reverse') {
            self::thrown(GatewayException::class, fn () => $this->spoiled($name, 'return_fail'));
            self::assertSame('SUCCESS', self::booked('M100001')['trade_state']);
            return;
        }
        $this->assertEnds(GatewayException::class, Advice::Retry, Advice::Retry, $name, 'return_fail');
    }

    /** @dataProvider codes */
    #[DataProvider('codes')]
    public function testP8ACodeThatIsMissingOrUnknownIsMalformed(string $name, string $field, ?string $value): void
    {
        $fault = $value === null ? 'remove_field' : 'set_field';
        $class = MalformedMessageException::class;
        $this->assertEnds($class, Advice::Retry, Advice::QueryOrder, $name, $fault, ['name' => $field, 'value' => $value]);
    }

    /** @return iterable<string, array{string, string, string|null}> */
    public static function codes(): iterable
    {
        foreach (array_keys(self::CALLS) as $name) {
            foreach ([['return_code', null], ['return_code', 'MAYBE'], ['result_code', 'MAYBE'], ['result_code', null]] as [$field, $value]) {
                // Nothing is decided by a report's answer: it may be as short as it likes.
                if ([$name, $field, $value] !== ['Report', 'result_code', null]) {
                    yield "$name, $field " . ($value ?? 'missing') => [$name, $field, $value];
                }
            }
        }
    }

    /** @dataProvider named */
    #[DataProvider('named')]
    public function testP9AnUnknownOrderIsNeverTakenForUnpaid(string $name): void
    {
        $fields = [
            'return_code' => 'SUCCESS',
            'appid' => SimulatorProcess::APPID,
            'mch_id' => SimulatorProcess::MCH_ID,
            'nonce_str' => '5K8264ILTKCH16CQ',
            'result_code' => 'FAIL',
            'err_code' => 'ORDERNOTEXIST',
        ];
        $body = Xml::encode($fields + ['sign' => Signer::sign($fields, SimulatorProcess::KEY, SignType::HmacSha256)]);
        $e = self::thrown(ServiceException::class, fn () => $this->spoiled($name, 'raw_body', ['body' => $body]));
        self::assertSame('ORDERNOTEXIST', $e->errCode);
        $asks = self::CALLS[$name][1] === 'asks';
        self::assertVerdict($asks ? Advice::Wait : Advice::QueryOrder, $asks, false, $e);
    }

    /** @return list<array{string}> */
    public static function named(): array
    {
        return [['OrderQuery'], ['RefundQuery'], ['CloseOrder'], ['Refund'], ['Reverse'], ['Client']];
    }

    /** @dataProvider signed */
    #[DataProvider('signed')]
    public function testP10ASystemErrorIsForTheSameNumbersAgain(string $name): void
    {
        $this->assertEnds(ServiceException::class, Advice::Retry, Advice::Retry, $name, 'system_error');
    }

    /** @dataProvider calls */
    #[DataProvider('calls')]
    public function testP11AStateNobodyKnowsBreaksNothing(string $name): void
    {
        $result = $this->spoiled($name, 'unknown_state');
        if (\is_object($result) && property_exists($result, 'tradeState')) {
            self::assertSame($name === 'Micropay', $result->isPaid(), 'an open sale is asked about');
        }
        self::assertNotSame([], $this->outcomes());
    }

    /** @dataProvider calls */
    #[DataProvider('calls')]
    public function testP12P13NewAndEmptyFieldsArePartOfTheMessage(string $name): void
    {
        $result = $this->spoiled($name, 'extra_field');
        $fields = match (true) {
            \is_array($result) => $result,
            \is_object($result) && method_exists($result, 'fields') => $result->fields(),
            default => null,
        };
        if ($fields !== null) {
            self::assertSame('值0', ($fields[0] ?? $fields)['brand_new_field']);
        }
        self::$simulator->reset();
        $this->setUp();
        $this->spoiled($name, 'set_field', ['name' => 'brand_new_field', 'value' => '']);
        self::assertNotContains('signature', $this->outcomes());
    }

    /** @dataProvider forgeries */
    #[DataProvider('forgeries')]
    public function testP1P2P3P4P5WhatIsNotProvedIsNotBelieved(string $name, string $fault): void
    {
        if (self::CALLS[$name][1] === 'goes on') {
            $name === 'Micropay'
                ? self::assertTrue($this->spoiled($name, $fault)->isPaid(), 'a verified query has the last word')
                : self::thrown(SignatureException::class, fn () => $this->spoiled($name, $fault));
            return;
        }
        $e = self::thrown(SignatureException::class, fn () => $this->spoiled($name, $fault));
        self::assertVerdict(Advice::FixConfiguration, false, self::CALLS[$name][1] !== 'asks', $e);
        self::assertCount(1, self::sent(self::CALLS[$name][0]), 'never tried again');
    }

    /** @return iterable<string, array{string, string}> */
    public static function forgeries(): iterable
    {
        foreach (self::signed() as [$name]) {
            foreach (['no_sign', 'empty_sign', 'bad_sign', 'other_key_sign', 'md5_sign', 'lower_sign'] as $fault) {
                if ([$name, $fault] !== ['AuthCodeToOpenId', 'md5_sign']) {
                    yield "$name, $fault" => [$name, $fault];
                }
            }
        }
    }

    /** @return list<array{string}> all but the report, whose answer nobody signs */
    public static function signed(): array
    {
        return array_map(static fn (string $name): array => [$name], array_diff(array_keys(self::CALLS), ['Report']));
    }
}
