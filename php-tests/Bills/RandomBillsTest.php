<?php

declare(strict_types=1);

namespace WechatPayTests;

use PHPUnit\Framework\TestCase;
use WechatPay\Bill;
use WechatPay\FundFlow;
use WechatPay\MalformedMessageException;

/** Random bills of writers that share nothing with the extension: the same values come back, and plain PHP's own sums. */
final class RandomBillsTest extends TestCase
{
    public function testB6B7B8B9ABillReadsAsItWasWrittenAndPhpComesToTheSameSums(): void
    {
        $chance = new Chance();
        $layouts = [];
        for ($round = 0; $round < 1000; $round++) {
            $writer = new BillWriter($chance, $chance->int(0, 12));
            $text = $writer->text();
            $bill = Bill::fromString($chance->in(2) ? gzencode($text) : $text);
            $bill->verify();
            self::assertSame($writer->layout, "$bill->layout {$bill->type->value}", "seed $chance->seed");
            self::assertSame(hash('sha256', $text), $bill->sha256);
            self::assertSame($writer->unknown, $bill->unknownColumns());
            self::assertSameRows($writer, $bill, "seed $chance->seed");
            self::assertSame(self::sums($writer->sums()), self::told($bill->summary), "seed $chance->seed");
            self::assertRefused('~in the sums and .* in the rows, a difference of -0\.0*1$~', Bill::fromString($writer->text(-1))->verify(...));
            $layouts[$writer->layout] = true;
        }
        self::assertCount(9, $layouts, 'every layout was written');
    }

    public function testB6B8AFundFlowReadsAsItWasWrittenAndPhpComesToTheSameBalance(): void
    {
        $chance = new Chance();
        for ($round = 0; $round < 200; $round++) {
            $writer = new FundFlowWriter($chance, $chance->int(2, 12));
            $text = $writer->text();
            $flow = FundFlow::fromString($chance->in(2) ? gzencode($text) : $text);
            $flow->verify();
            foreach ($flow as $number => $row) {
                $written = $writer->rows[$number];
                $read = ['time' => $row->time->format('Y-m-d H:i:s')] + json_decode(json_encode($row), true);
                self::assertSame($written, array_replace($written, array_intersect_key($read, $written)), "seed $chance->seed");
            }
            $sums = $flow->summary;
            self::assertSame($writer->sums(), [$sums->count, $sums->incomeCount, $sums->incomeFee, $sums->expenseCount, $sums->expenseFee]);
            self::assertRefused('~: row ' . \count($writer->rows) . ' \(F\d+\), column 账户结余.*a difference of -0\.01$~', FundFlow::fromString($writer->text(-1))->verify(...));
        }
    }

    private static function assertSameRows(BillWriter $writer, Bill $bill, string $seed): void
    {
        self::assertCount(\count($writer->rows), $bill);
        foreach ($bill as $number => $row) {
            $written = $writer->rows[$number];
            foreach (array_intersect_key(BillWriter::PROPERTIES, $written) as $column => $property) {
                self::assertSame($written[$column], $row->$property, "$column, $seed");
            }
            foreach ($writer->unknown as $column) {
                self::assertSame($written[$column], $row->fields()[$column], $seed);
            }
            self::assertSame($written['交易时间'], $row->tradeTime->format('Y-m-d H:i:s'));
        }
    }

    /** PHP's sums under the names of the summary. @param array<string, int> $sums @return array<string, int> */
    private static function sums(array $sums): array
    {
        $names = ['总交易单数' => ['count'], '应结订单总金额' => ['settlementTotalFee'], '总交易额' => ['settlementTotalFee', 'totalFee'], '退款总金额' => ['settlementRefundFee'],
            '总退款金额' => ['settlementRefundFee', 'refundFee'], '充值券退款总金额' => ['couponRefundFee'], '总企业红包退款金额' => ['couponRefundFee'],
            '总代金券或立减优惠退款金额' => ['couponRefundFee'], '手续费总金额' => ['feeE5'], '订单总金额' => ['totalFee'], '申请退款总金额' => ['refundFee']];
        $named = [];
        foreach ($sums as $name => $sum) {
            $named += array_fill_keys($names[$name], $sum);
        }
        ksort($named);
        return $named;
    }

    /** @return array<string, int> */
    private static function told(object $summary): array
    {
        $told = array_filter(json_decode(json_encode($summary), true), static fn (?int $sum): bool => $sum !== null);
        ksort($told);
        return $told;
    }

    private static function assertRefused(string $message, callable $call): void
    {
        try {
            $call();
        } catch (MalformedMessageException $refusal) {
            self::assertMatchesRegularExpression($message, $refusal->getMessage());
            return;
        }
        self::fail('Nothing was refused');
    }
}
