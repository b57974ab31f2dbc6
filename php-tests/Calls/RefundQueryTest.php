<?php

declare(strict_types=1);

namespace WechatPayTests;

use PHPUnit\Framework\Attributes\DataProvider;
use WechatPay\Advice;
use WechatPay\MalformedMessageException;
use WechatPay\Merchant;
use WechatPay\MismatchException;
use WechatPay\Refund;
use WechatPay\RefundEntry;
use WechatPay\RefundList;
use WechatPay\RefundQuery;
use WechatPay\RefundStatus;
use WechatPay\ServiceException;
use WechatPay\Signer;
use WechatPay\SignType;
use WechatPay\Xml;

final class RefundQueryTest extends TradeTestCase
{
    private const NUMBER = 'T100001';
    private const PATH = '/pay/refundquery';

    protected function setUp(): void
    {
        parent::setUp();
        self::paid(self::NUMBER);
    }

    private function refundQuery(?Merchant $merchant = null): RefundQuery
    {
        return new RefundQuery($merchant ?? $this->merchant(), $this->gateway());
    }

    /** Refunds the order in parts of so many fen; the first one is R0. */
    private function refund(int ...$parts): void
    {
        $refund = new Refund($this->shop(), $this->gateway());
        foreach ($parts as $at => $fee) {
            $refund->byOutTradeNo(self::NUMBER, "R$at", 100, $fee);
        }
        $this->attempts = [];
    }

    private static function settle(string $outRefundNo, string $status): void
    {
        self::$simulator->control('POST', '/refunds', ['out_refund_no' => $outRefundNo, 'status' => $status]);
    }

    /** @return list<string> */
    private static function numbers(RefundList $list): array
    {
        return array_map(static fn (RefundEntry $entry): ?string => $entry->outRefundNo, iterator_to_array($list));
    }

    public function testOneRefund(): void
    {
        $this->refund(40);
        $list = $this->refundQuery()->byOutTradeNo(self::NUMBER);
        self::assertSame(
            [SimulatorProcess::APPID, SimulatorProcess::MCH_ID, null, self::NUMBER, 100, 100],
            [$list->appid, $list->mchId, $list->subMchId, $list->outTradeNo, $list->totalFee, $list->cashFee],
        );
        [$entry] = $list->entries;
        self::assertSame(
            ['R0', RefundStatus::Processing, 'ORIGINAL', 40, null, null, []],
            [
                $entry->outRefundNo,
                $entry->refundStatus,
                $entry->refundChannel,
                $entry->refundFee,
                $entry->settlementRefundFee,
                $entry->refundSuccessTime,
                $entry->coupons,
            ],
        );
        self::assertFalse(self::sent(self::PATH)[0]['client_certificate'], 'it needs no certificate');
    }

    public function testAListCountsIteratesAndSums(): void
    {
        $this->refund(10, 20, 30, 15, 5);
        foreach (['R0' => 'SUCCESS', 'R1' => 'SUCCESS', 'R2' => 'CHANGE', 'R3' => 'REFUNDCLOSE'] as $number => $status) {
            self::settle($number, $status);
        }
        $list = $this->refundQuery()->byOutTradeNo(self::NUMBER);
        self::assertCount(5, $list);
        self::assertTrue(iterator_to_array($list) === $list->entries, 'the very same objects');
        self::assertSame([30, 35], [$list->refundedFee, $list->pendingFee], 'success; processing and bounced');
        $expected = [
            RefundStatus::Success,
            RefundStatus::Success,
            RefundStatus::Change,
            RefundStatus::RefundClose,
            RefundStatus::Processing,
        ];
        self::assertSame($expected, array_column($list->entries, 'refundStatus'));
        $successTime = $list->entries[0]->refundSuccessTime;
        self::assertSame('+08:00', $successTime->format('P'));
        self::assertNull($list->entries[2]->refundSuccessTime);
    }

    public function testAllPagesAreFollowed(): void
    {
        $this->refund(...array_fill(0, 25, 4));
        $list = $this->refundQuery()->byOutTradeNo(self::NUMBER);
        self::assertSame(array_map(static fn (int $n): string => "R$n", range(0, 24)), self::numbers($list));
        self::assertSame(100, $list->pendingFee);
        $offsets = array_map(static fn (array $fields): string => $fields['offset'] ?? '0', self::sentFields(self::PATH));
        self::assertSame(['0', '10', '20'], $offsets);
        self::assertCount(3, $list->fields(), 'one array a page');
        self::assertSame('25', $list->fields()[0]['total_refund_count']);
    }

    public function testAPageThatIsMissingIsNoList(): void
    {
        $this->refund(...array_fill(0, 11, 4));
        self::spoil(self::PATH, 'set_field', ['name' => 'total_refund_count', 'value' => '30', 'times' => 3]);
        $e = self::caught(fn () => $this->refundQuery()->byOutTradeNo(self::NUMBER));
        self::assertThat($e, self::logicalOr(
            self::isInstanceOf(MalformedMessageException::class),
            self::isInstanceOf(ServiceException::class),
        ));
    }

    public function testByEachNumber(): void
    {
        $this->refund(40, 30);
        $query = $this->refundQuery();
        $all = $query->byOutTradeNo(self::NUMBER);
        self::assertSame(['R0', 'R1'], self::numbers($query->byTransactionId($all->transactionId)));
        self::assertSame(['R1'], self::numbers($query->byOutRefundNo('R1')));
        self::assertSame(['R0'], self::numbers($query->byRefundId($all->entries[0]->refundId)));
        $names = ['out_trade_no', 'transaction_id', 'out_refund_no', 'refund_id'];
        $named = array_map(static fn (array $f): array => array_values(array_intersect($names, array_keys($f))), self::sentFields(self::PATH));
        self::assertSame(array_map(static fn (string $name): array => [$name], $names), $named);
    }

    public function testCouponsHaveTwoIndexes(): void
    {
        $coupons = [['id' => '9001', 'type' => 'CASH', 'fee' => 10], ['id' => '9002', 'type' => 'NO_CASH', 'fee' => 20]];
        self::order('T100002', ['trade_state' => 'SUCCESS', 'coupons' => $coupons]);
        (new Refund($this->shop(), $this->gateway()))->byOutTradeNo('T100002', 'R1', 100, 100);
        $list = $this->refundQuery()->byOutTradeNo('T100002');
        [$entry] = $list->entries;
        self::assertSame([30, 2], [$entry->couponRefundFee, \count($entry->coupons)]);
        self::assertSame([['CASH', 10], ['NO_CASH', 20]], array_map(static fn ($c): array => [$c->type, $c->fee], $entry->coupons));
        self::assertArrayHasKey('coupon_refund_id_0_1', $list->fields()[0]);
        self::assertSame([80, 80], [$list->settlementTotalFee, $entry->settlementRefundFee]);
    }

    /** @dataProvider statuses */
    #[DataProvider('statuses')]
    public function testP11TheStatusIsReadOrKeptAsUnknown(string $word, RefundStatus $status): void
    {
        $this->refund(40);
        self::spoil(self::PATH, 'set_field', ['name' => 'refund_status_0', 'value' => $word]);
        $list = $this->refundQuery()->byOutTradeNo(self::NUMBER);
        self::assertSame($status, $list->entries[0]->refundStatus);
        self::assertSame($word, $list->fields()[0]['refund_status_0']);
    }

    /** @return list<array{string, RefundStatus}> */
    public static function statuses(): array
    {
        return [
            ['SUCCESS', RefundStatus::Success],
            ['PROCESSING', RefundStatus::Processing],
            ['REFUNDCLOSE', RefundStatus::RefundClose],
            ['FAIL', RefundStatus::RefundClose],
            ['CHANGE', RefundStatus::Change],
            ['SOMETHING_NEW', RefundStatus::Unknown],
        ];
    }

    public function testAnUnknownStatusCountsNowhere(): void
    {
        $this->refund(40);
        self::spoil(self::PATH, 'unknown_state');
        $list = $this->refundQuery()->byOutTradeNo(self::NUMBER);
        self::assertSame([0, 0], [$list->refundedFee, $list->pendingFee]);
    }

    public function testNoRefundAndNoOrderSayTheSame(): void
    {
        foreach ([self::NUMBER, 'T999999'] as $number) {
            $e = self::thrown(ServiceException::class, fn () => $this->refundQuery()->byOutTradeNo($number));
            self::assertSame(['REFUNDNOTEXIST', $number, false], [$e->errCode, $e->outTradeNo, $e->maybeProcessed]);
        }
        $e = self::thrown(ServiceException::class, fn () => $this->refundQuery()->byOutRefundNo('R9'));
        self::assertSame(['REFUNDNOTEXIST', null], [$e->errCode, $e->outTradeNo]);
    }

    public function testItIsAskedAgainAfterFaultsThatPass(): void
    {
        $this->refund(40);
        self::spoil(self::PATH, 'status_502');
        self::spoil(self::PATH, 'truncate');
        self::assertCount(1, $this->refundQuery()->byOutTradeNo(self::NUMBER));
        self::assertSame(['transport', 'transport', 'ok'], $this->outcomes());
    }

    /** @dataProvider amounts */
    #[DataProvider('amounts')]
    public function testP14ANumberedAmountThatIsNoNumberIsMalformed(string $name, string $value): void
    {
        $this->refund(40);
        self::spoil(self::PATH, 'set_field', ['name' => $name, 'value' => $value]);
        $e = self::thrown(MalformedMessageException::class, fn () => $this->refundQuery()->byOutTradeNo(self::NUMBER));
        self::assertStringContainsString($name, $e->getMessage());
        self::assertVerdict(Advice::Retry, true, false, $e);
    }

    /** @return list<array{string, string}> */
    public static function amounts(): array
    {
        return [['refund_fee_0', '-1'], ['refund_fee_0', '4e1'], ['settlement_refund_fee_0', '4.0'], ['total_fee', '１']];
    }

    public function testP6ARefundThatWasNotAskedForIsRefused(): void
    {
        $this->refund(40);
        $query = $this->refundQuery();
        $refundId = $query->byOutTradeNo(self::NUMBER)->entries[0]->refundId;
        foreach (['byOutTradeNo' => self::NUMBER, 'byOutRefundNo' => 'R0', 'byRefundId' => $refundId] as $method => $number) {
            self::spoil(self::PATH, 'swapped_order');
            $e = self::thrown(MismatchException::class, static fn () => $query->$method($number));
            self::assertFalse($e->maybeProcessed, $method);
        }
    }

    public function testAnEntryAndAListAreWrittenAsJson(): void
    {
        $this->refund(40);
        self::settle('R0', 'SUCCESS');
        $list = $this->refundQuery()->byOutTradeNo(self::NUMBER);
        $json = json_decode(json_encode($list), true);
        self::assertSame([40, 0], [$json['refundedFee'], $json['pendingFee']]);
        self::assertSame('SUCCESS', $json['entries'][0]['refundStatus']);
        self::assertMatchesRegularExpression('~^\d{4}-.*T.*\+08:00$~', $json['entries'][0]['refundSuccessTime']);
    }

    public function testTheLongestListOfThePaperIsRead(): void
    {
        $fields = ['return_code' => 'SUCCESS', 'result_code' => 'SUCCESS', 'appid' => SimulatorProcess::APPID];
        $fields += ['mch_id' => SimulatorProcess::MCH_ID, 'out_trade_no' => self::NUMBER, 'total_fee' => 100, 'refund_count' => 50];
        for ($n = 0; $n < 50; $n++) {
            $fields += ["out_refund_no_$n" => "R$n", "refund_id_$n" => "50$n", "refund_fee_$n" => 2];
            $fields += ["refund_status_$n" => 'SUCCESS', "coupon_refund_fee_$n" => 1, "coupon_refund_count_$n" => 10];
            for ($m = 0; $m < 10; $m++) {
                $fields += ["coupon_refund_id_{$n}_$m" => "9$m", "coupon_refund_fee_{$n}_$m" => 1, "coupon_type_{$n}_$m" => 'CASH'];
            }
        }
        $body = Xml::encode($fields + ['sign' => Signer::sign($fields, SimulatorProcess::KEY, SignType::HmacSha256)]);
        self::spoil(self::PATH, 'raw_body', ['body' => $body]);
        $list = $this->refundQuery()->byOutTradeNo(self::NUMBER);
        self::assertSame([50, 100, 10], [\count($list), $list->refundedFee, \count($list->entries[49]->coupons)]);
    }

    public function testBadNumbersAreRefusedByName(): void
    {
        $query = $this->refundQuery();
        self::assertRefused('outTradeNo', static fn () => $query->byOutTradeNo(''));
        self::assertRefused('transactionId', static fn () => $query->byTransactionId('a-b'));
        self::assertRefused('outRefundNo', static fn () => $query->byOutRefundNo(str_repeat('r', 65)));
        self::assertRefused('refundId', static fn () => $query->byRefundId('5 0'));
    }

    public function testAListCanNeitherBeMadeNorUnserialized(): void
    {
        foreach ([RefundList::class, RefundEntry::class] as $class) {
            self::assertFalse((new \ReflectionClass($class))->isInstantiable());
            $text = sprintf('O:%d:"%s":0:{}', \strlen($class), $class);
            self::assertInstanceOf(\Throwable::class, self::caught(static fn () => unserialize($text)));
        }
        $this->refund(40);
        $list = $this->refundQuery()->byOutTradeNo(self::NUMBER);
        self::assertInstanceOf(\Error::class, self::caught(static fn () => $list->entries[] = 1));
    }
}
