<?php

declare(strict_types=1);

namespace WechatPayTests;

use PHPUnit\Framework\Attributes\DataProvider;
use PHPUnit\Framework\TestCase;
use WechatPay\Bill;
use WechatPay\BillType;
use WechatPay\FundFlow;
use WechatPay\MalformedMessageException;
use WechatPay\ServiceException;

/** What went wrong with bills elsewhere, as people reported it; here each comes out right. */
final class ReportedTest extends TestCase
{
    private const START = '交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类';
    private const REFUND = '微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态';
    private const ALL = self::START . ',应结订单金额,代金券金额,' . self::REFUND . ',商品名称,商户数据包,手续费,费率,订单金额,申请退款金额,费率备注';
    private const SUMS = '总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额';
    private const PAID = '`2026-02-12 10:00:01,`wx1,`10000100,`0,`,`42001,`T1,`o1,`JSAPI,`SUCCESS,`CMB_DEBIT,`CNY,';

    /**
     * WxJava#308: one class for all types, so that values stood under other names.
     *
     * @dataProvider types
     */
    #[DataProvider('types')]
    public function testB7AValueStandsUnderItsNameInEachType(BillType $type, string $header, string $row): void
    {
        $bill = self::bill($header, $row);
        [$read] = iterator_to_array($bill);
        self::assertSame([$type, 100, '咖啡', '0.60%'], [$bill->type, $read->totalFee, $read->body, $read->rate]);
        self::assertSame($type === BillType::RechargeRefund ? [null, 600] : [600, null], [$read->feeE5, $read->returnedFeeE5]);
        self::assertSame($type === BillType::Success ? null : 30, $read->refundFee);
        self::assertSame(str_contains($header, '退款申请时间') ? '11:00:02' : null, $read->refundApplyTime?->format('H:i:s'));
    }

    /** @return iterable<string, array{BillType, string, string}> */
    public static function types(): iterable
    {
        $refund = '`50301,`R1,`0.30,`0.00,`ORIGINAL,`SUCCESS,';
        $times = '`2026-02-12 11:00:02,`2026-02-12 11:00:40,';
        yield 'ALL' => [BillType::All, self::ALL, self::PAID . "`1.00,`0.00,$refund`咖啡,`,`0.00600,`0.60%,`1.00,`0.30,`"];
        yield 'SUCCESS' => [BillType::Success, self::START . ',应结订单金额,代金券金额,商品名称,商户数据包,手续费,费率,订单金额,费率备注',
            self::PAID . '`1.00,`0.00,`咖啡,`,`0.00600,`0.60%,`1.00,`'];
        yield 'REFUND' => [BillType::Refund, self::START . ',应结订单金额,代金券金额,退款申请时间,退款成功时间,' . self::REFUND . ',商品名称,商户数据包,手续费,费率,订单金额,申请退款金额,费率备注',
            self::PAID . "`1.00,`0.00,$times$refund`咖啡,`,`0.00600,`0.60%,`1.00,`0.30,`"];
        yield 'RECHARGE_REFUND' => [BillType::RechargeRefund, self::START . ',应结订单金额,代金券金额,退款申请时间,退款成功时间,' . self::REFUND . ',商品名称,商户数据包,返还手续费,费率,订单金额,申请退款金额',
            self::PAID . "`1.00,`0.00,$times$refund`咖啡,`,`0.00600,`0.60%,`1.00,`0.30"];
    }

    /** WxJava#1275: an array index out of bounds, on the bill of 24 columns with full-width colons. */
    public function testB7B10TheOldBillReadsWithItsFullWidthColons(): void
    {
        $header = self::START . ',总金额,代金券或立减优惠金额,微信退款单号,商户退款单号,退款金额,代金券或立减优惠退款金额,退款类型,退款状态,商品名称,商户数据包,手续费,费率';
        $bill = Bill::fromString(strtr("$header\n" . self::PAID . "`1.00,`0.00,`0,`0,`0.0,`0.0,`,`,`咖啡,`,`0.00600,`0.60%\n总交易单数,总交易额\n`1,`1.00", ['10:00:01' => '10：00：01']));
        $bill->verify();
        [$row] = iterator_to_array($bill);
        self::assertSame(['G1', 100, null, '10:00:01'], [$bill->layout, $row->totalFee, $row->refundId, $row->tradeTime->format('H:i:s')]);
    }

    /** WxJava#1125, #1134: the last two totals were lost; #862: a blank behind the last number. */
    public function testB6B9EveryTotalIsReadWhateverBlankFollows(): void
    {
        $sums = self::bill(self::ALL, self::all('咖啡'))->summary;
        self::assertSame([1, 100, 0, 0, 600, 100, 0], [$sums->count, $sums->settlementTotalFee, $sums->settlementRefundFee, $sums->couponRefundFee, $sums->feeE5, $sums->totalFee, $sums->refundFee]);
    }

    /** WxJava#321, weixin-popular#17, #142, WeiXinMPSDK#670, wechatpy#114: gzip taken for text, text for XML, XML for a bill. */
    public function testB1B3WhatCameIsTakenForWhatItIs(): void
    {
        $text = self::ALL . "\n" . self::all('咖啡') . "\n" . self::SUMS . "\n`1,`1.00,`0.00,`0.00,`0.00600,`1.00,`0.00";
        self::assertEquals(iterator_to_array(Bill::fromString($text)), iterator_to_array(Bill::fromString(gzencode($text))));
        $this->expectException(ServiceException::class);
        $this->expectExceptionMessageMatches('~No Bill Exist~');
        Bill::fromString('<xml><return_code><![CDATA[FAIL]]></return_code><return_msg><![CDATA[No Bill Exist]]></return_msg><error_code><![CDATA[20002]]></error_code></xml>');
    }

    /** weixin-java-pay-demo#138: a day without a row broke the parser. */
    public function testB6AnEmptyBillIsABill(): void
    {
        $bill = Bill::fromString(self::ALL . "\n" . self::SUMS . "\n`0,`0.00,`0.00,`0.00,`0.00000,`0.00,`0.00\n");
        $bill->verify();
        self::assertSame([0, []], [\count($bill), iterator_to_array($bill)]);
    }

    /** easywechat#1234, #1754, #1764: there was no fund flow at all. */
    public function testB7AFundFlowIsReadWithBracketsOfEitherWidth(): void
    {
        foreach ([['（', '）'], ['(', ')']] as [$open, $close]) {
            $flow = FundFlow::fromString("记账时间,微信支付业务单号,资金流水单号,业务类型,收支类型,收支金额{$open}元$close,账户结余{$open}元$close\n`2026-02-12 10:00:01,`42001,`F1,`交易,`收入,`1.00,`1.00\n资金流水总笔数\n`1");
            $flow->verify();
            self::assertSame([100, 100], [iterator_to_array($flow)[0]->amount, iterator_to_array($flow)[0]->balance]);
        }
    }

    /** china_bean_importers#34, cashbook#168, double-entry-generator#135: the header changed, and every importer broke. */
    public function testB7AHeaderThatChangesIsReadOrNamesWhatItLacks(): void
    {
        $columns = explode(',', self::ALL);
        $cells = explode(',`', substr(self::all('咖啡'), 1));
        [$newer, $row] = [implode(',', ['新列', ...array_reverse($columns)]), '`新,`' . implode(',`', array_reverse($cells))];
        [$read] = iterator_to_array(self::bill($newer, $row));
        self::assertSame(['T1', 100, '咖啡', '新'], [$read->outTradeNo, $read->totalFee, $read->body, $read->fields()['新列']]);
        $this->expectException(MalformedMessageException::class);
        $this->expectExceptionMessageMatches('~商户订单号~');
        Bill::fromString(strtr(self::ALL, ['商户订单号' => '订单号']) . "\n");
    }

    /**
     * The recipe of cnblogs 11130573 and its copies: commas become blanks, 24 pieces are a row. Bills of today have 27, so
     * that each was passed over; Bills-save#12: commas in names.
     */
    public function testB8ANameWithCommasAndBackticksSurvivesAndNoRowIsPassedOver(): void
    {
        $name = '`咖啡`, 大杯,"热",=1+1,';
        $bill = self::bill(self::ALL, self::all($name));
        self::assertSame([$name], array_map(static fn ($row): string => $row->body, iterator_to_array($bill)));
        self::assertCount(1, $bill);
    }

    private static function all(string $name): string
    {
        return self::PAID . "`1.00,`0.00,`0,`0,`0.00,`0.00,`,`,`$name,`,`0.00600,`0.60%,`1.00,`0.00,`";
    }

    /** A bill of one row that adds up. */
    private static function bill(string $header, string $row): Bill
    {
        $refunded = str_contains($row, 'R1') ? '0.30' : '0.00';
        $bill = Bill::fromString("$header\n$row\n" . self::SUMS . "\n`1 ,`1.00,`$refunded,`0.00,`0.00600,`1.00,`$refunded \n");
        $bill->verify();
        return $bill;
    }
}
