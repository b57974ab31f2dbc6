<?php

declare(strict_types=1);

namespace WechatPayTests;

/** Writes random fund flows, by the documentation and by nothing of the extension's, and sums them as PHP does. */
final class FundFlowWriter
{
    private const HEADER = '记账时间,微信支付业务单号,资金流水单号,业务名称,业务类型,收支类型,收支金额（元）,账户结余（元）,资金变更提交申请人,备注,业务凭证号';

    /** @var list<array{time: string, businessId: string, flowId: string, businessType: string, direction: string, amount: int, balance: int, remark: string}> */
    public array $rows = [];

    public function __construct(private readonly Chance $chance, int $rows)
    {
        $balance = $chance->int(-100_000, 100_000_000);
        for ($number = 1; $number <= $rows; $number++) {
            $direction = $chance->one(['收入', '支出']);
            $amount = $chance->in(5) ? 0 : $chance->int(1, 10 ** $chance->int(1, 9));
            $balance += $direction === '收入' ? $amount : -$amount;
            $this->rows[] = [
                'time' => sprintf('2026-02-12 %02d:%02d:%02d', $chance->int(0, 23), $chance->int(0, 59), $chance->int(0, 59)),
                'businessId' => $chance->one(['4200', '5030']) . $number,
                'flowId' => "F$number",
                'businessType' => $chance->one(['交易', '退款', '扣除交易手续费', '提现', '分账', '谁也不知道']),
                'direction' => $direction,
                'amount' => $amount,
                'balance' => $balance,
                'remark' => $chance->join(['咖啡', ',', '"', ' ', '\\r\\n', '=1+1', '元'], 6) . '.',
            ];
        }
    }

    /** The file; $wrong is added to its last balance. */
    public function text(int $wrong = 0): string
    {
        $lines = [$this->chance->in(2) ? self::HEADER : strtr(self::HEADER, ['（' => '(', '）' => ')'])];
        $last = array_key_last($this->rows);
        foreach ($this->rows as $number => $row) {
            $balance = self::yuan($row['balance'] + ($number === $last ? $wrong : 0));
            $cells = [$row['time'], $row['businessId'], $row['flowId'], '', $row['businessType'], $row['direction'], self::yuan($row['amount']), $balance, '', $row['remark'], ''];
            $lines[] = '`' . implode(',`', $cells);
        }
        [$count, $incomes, $income, $expenses, $expense] = $this->sums();
        array_push($lines, '资金流水总笔数,收入笔数,收入金额,支出笔数,支出金额', "`$count,`$incomes,`" . self::yuan($income) . ",`$expenses,`" . self::yuan($expense));
        return implode($this->chance->one(["\n", "\r\n"]), $lines);
    }

    /** How many rows; how many incomes and their sum; how many expenses and theirs. @return list<int> */
    public function sums(): array
    {
        $of = fn (string $direction): array => array_column(array_filter($this->rows, static fn (array $row): bool => $row['direction'] === $direction), 'amount');
        [$incomes, $expenses] = [$of('收入'), $of('支出')];
        return [\count($this->rows), \count($incomes), array_sum($incomes), \count($expenses), array_sum($expenses)];
    }

    private static function yuan(int $fen): string
    {
        return sprintf('%s%d.%02d', $fen < 0 ? '-' : '', intdiv(abs($fen), 100), abs($fen) % 100);
    }
}
