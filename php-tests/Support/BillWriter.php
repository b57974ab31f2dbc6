<?php

declare(strict_types=1);

namespace WechatPayTests;

/**
 * Writes random bills in every layout, by the documentation and by nothing of the extension's, and sums them as PHP
 * does.
 */
final class BillWriter
{
    private const SUMS = [
        'G0' => ['总交易单数', '总交易额', '总退款金额', '总企业红包退款金额', '手续费总金额'],
        'G1' => ['总交易单数', '总交易额', '总退款金额', '总代金券或立减优惠退款金额', '手续费总金额'],
        'G2' => ['总交易单数', '应结订单总金额', '退款总金额', '充值券退款总金额', '手续费总金额', '订单总金额', '申请退款总金额'],
    ];
    private const FEW_SUMS = ['总交易单数', '应结订单总金额', '手续费总金额', '订单总金额'];
    private const START = ['交易时间', '公众账号ID', '商户号', '特约商户号', '设备号', '微信订单号', '商户订单号', '用户标识', '交易类型', '交易状态',
        '付款银行', '货币种类'];
    private const REFUND = ['微信退款单号', '商户退款单号', '退款金额', '充值券退款金额', '退款类型', '退款状态'];
    private const LAYOUTS = [
        'G2 ALL' => [...self::START, '应结订单金额', '代金券金额', ...self::REFUND, '商品名称', '商户数据包', '手续费', '费率', '订单金额', '申请退款金额', '费率备注'],
        'G2 SUCCESS' => [...self::START, '应结订单金额', '代金券金额', '商品名称', '商户数据包', '手续费', '费率', '订单金额', '费率备注'],
        'G2 REFUND' => [...self::START, '应结订单金额', '代金券金额', '退款申请时间', '退款成功时间', ...self::REFUND, '商品名称', '商户数据包', '手续费', '费率',
            '订单金额', '申请退款金额', '费率备注'],
        'G2 RECHARGE_REFUND' => [...self::START, '应结订单金额', '代金券金额', '退款申请时间', '退款成功时间', ...self::REFUND, '商品名称', '商户数据包', '返还手续费',
            '费率', '订单金额', '申请退款金额'],
        'G1 ALL' => [...self::START, '总金额', '代金券或立减优惠金额', '微信退款单号', '商户退款单号', '退款金额', '代金券或立减优惠退款金额', '退款类型', '退款状态',
            '商品名称', '商户数据包', '手续费', '费率'],
        'G0 ALL' => [...self::START, '总金额', '企业红包金额', '微信退款单号', '商户退款单号', '退款金额', '企业红包退款金额', '退款类型', '退款状态', '商品名称',
            '商户数据包', '手续费', '费率'],
        'G1 SUCCESS' => [...self::START, '总金额', '代金券或立减优惠金额', '商品名称', '商户数据包', '手续费', '费率'],
        'G0 SUCCESS' => [...self::START, '总金额', '企业红包金额', '商品名称', '商户数据包', '手续费', '费率'],
        'G0 REFUND' => [...self::START, '总金额', '企业红包金额', '退款申请时间', '退款成功时间', '微信退款单号', '商户退款单号', '退款金额', '企业红包退款金额', '退款类型', '退款状态',
            '商品名称', '商户数据包', '手续费', '费率'],
    ];
    private const NEW_COLUMN = '门店编号';

    /** The property that a column becomes, where it is text or a number. */
    public const PROPERTIES = ['公众账号ID' => 'appid', '商户号' => 'mchId', '微信订单号' => 'transactionId', '商户订单号' => 'outTradeNo',
        '用户标识' => 'openid', '付款银行' => 'bankType', '应结订单金额' => 'settlementTotalFee', '总金额' => 'totalFee',
        '代金券金额' => 'couponFee', '代金券或立减优惠金额' => 'couponFee', '企业红包金额' => 'couponFee', '微信退款单号' => 'refundId', '商户退款单号' => 'outRefundNo',
        '充值券退款金额' => 'couponRefundFee', '代金券或立减优惠退款金额' => 'couponRefundFee', '企业红包退款金额' => 'couponRefundFee', '退款金额' => 'settlementRefundFee', '商品名称' => 'body', '商户数据包' => 'attach', '手续费' => 'feeE5', '返还手续费' => 'returnedFeeE5',
        '费率' => 'rate', '订单金额' => 'totalFee', '申请退款金额' => 'refundFee'];

    public readonly string $layout;
    /** @var list<string> columns that the documentation does not know */
    public readonly array $unknown;
    /** @var list<string> */
    private readonly array $columns;
    /** @var list<string> */
    private readonly array $sums;
    /** @var list<array<string, string|int>> what was written: text, fen, or 1/100000 yuan */
    public array $rows = [];

    public function __construct(private readonly Chance $chance, int $rows)
    {
        $this->layout = $chance->one(array_keys(self::LAYOUTS));
        $this->unknown = $chance->in(4) ? [self::NEW_COLUMN] : [];
        $columns = [...self::LAYOUTS[$this->layout], ...$this->unknown];
        if ($chance->in(3)) {
            shuffle($columns);
        }
        $this->columns = $columns;
        $this->sums = $this->layout === 'G2 SUCCESS' && $chance->in(2) ? self::FEW_SUMS : self::SUMS[substr($this->layout, 0, 2)];
        for (; $rows > 0; $rows--) {
            $this->rows[] = $this->row();
        }
    }

    /** The file; $wrong is added to its last sum. */
    public function text(int $wrong = 0): string
    {
        $end = $this->chance->one(["\n", "\r\n"]);
        $header = implode($this->chance->one([',', ',', '，']), $this->columns);
        $lines = [$this->chance->in(2) ? $header : strtr($header, ['特约商户号' => '子商户号'])];
        foreach ($this->rows as $row) {
            $lines[] = '`' . implode(',`', array_map(fn (string $column): string => $this->cell($column, $row[$column]), $this->columns));
        }
        $sums = $this->sums();
        $last = array_key_last($sums);
        $sums[$last] += $wrong;
        $printed = array_map(fn (string $name): string => $this->printed($name, $sums[$name]), array_keys($sums));
        array_push($lines, implode(',', array_keys($sums)), '`' . implode(',`', $printed));
        return $this->chance->one(['', "\u{feff}"]) . implode($end, $lines) . $this->chance->one(['', $end]);
    }

    /** What the rows come to, added up by PHP. @return array<string, int> */
    public function sums(): array
    {
        $of = ['应结订单总金额' => ['应结订单金额'], '订单总金额' => ['订单金额'], '总交易额' => ['总金额'], '退款总金额' => ['退款金额'], '总退款金额' => ['退款金额'],
            '申请退款总金额' => ['申请退款金额'], '充值券退款总金额' => ['充值券退款金额'], '手续费总金额' => ['手续费', '返还手续费'],
            '总代金券或立减优惠退款金额' => ['代金券或立减优惠退款金额'], '总企业红包退款金额' => ['企业红包退款金额']];
        $sums = [];
        foreach ($this->sums as $name) {
            $sums[$name] = $name === '总交易单数' ? \count($this->rows) : 0;
            foreach ($of[$name] ?? [] as $column) {
                $sums[$name] += array_sum(array_column($this->rows, $column));
            }
        }
        return $sums;
    }

    /** @return array<string, string|int> */
    private function row(): array
    {
        static $number = 0;
        $number++;
        $row = [];
        foreach ($this->columns as $column) {
            $row[$column] = match (true) {
                str_ends_with($column, '时间') => sprintf('2026-02-%02d %02d:%02d:%02d', $this->chance->int(1, 28), $this->chance->int(0, 23), $this->chance->int(0, 59), $this->chance->int(0, 59)),
                str_ends_with($column, '单号') => $this->chance->one(['4200', 'T-', '5030']) . $number . $this->chance->int(0, 1 << 30),
                str_ends_with($column, '金额') => $this->chance->in(3) ? 0 : $this->chance->int(0, 10 ** $this->chance->int(1, 9)),
                str_ends_with($column, '手续费') => $this->chance->int(-10_000, 10_000) * 1000,
                $column === '交易状态' => $this->chance->one(['SUCCESS', 'REFUND', 'REVOKED']),
                $column === '货币种类' => 'CNY',
                $column === '费率' => '0.60%',
                $this->isFree($column) => $this->freeText(),
                default => $this->chance->one(['wx2421b1c4370ec43b', '10000100', 'OTHERS', 'o_u-7']),
            };
        }
        return $row;
    }

    /** Whatever people write; the separator itself cannot stand in a cell. */
    private function freeText(): string
    {
        $text = $this->chance->join(['咖啡', ',', '`', '"', ' ', '=1+1', '😀', '<xml>', "'", '总交易单数'], 6);
        return str_replace(',`', ', ', $text . '.');
    }

    private function cell(string $column, string|int $value): string
    {
        $blank = $this->isFree($column) || !$this->chance->in(9) ? '' : ' ';
        if (str_ends_with($column, '时间')) {
            $value = strtr($value, $this->chance->one([[], [], [':' => '：'], [' ' => '']]));
        }
        return (\is_int($value) ? $this->printed($column, $value) : $value) . $blank;
    }

    private function isFree(string $column): bool
    {
        return \in_array($column, ['商品名称', '商户数据包', self::NEW_COLUMN], true);
    }

    private function printed(string $column, int $value): string
    {
        if ($column === '总交易单数') {
            return $value . $this->chance->one(['', '.0']);
        }
        $places = str_contains($column, '手续费') ? 5 : 2;
        $unit = 10 ** $places;
        $text = sprintf('%s%d.%0' . $places . 'd', $value < 0 ? '-' : '', intdiv(abs($value), $unit), abs($value) % $unit);
        return $value === 0 ? $this->chance->one(['0', '0.0', $text]) : $text;
    }
}
