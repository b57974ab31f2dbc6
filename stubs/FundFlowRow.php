<?php

declare(strict_types=1);

namespace WechatPay;

/**
 * A row of a `FundFlow`, read as a `BillRow` is: when somebody looks. Amounts are fen, times Beijing's. A value.
 *
 * ```php
 * use WechatPay\FundFlow;
 *
 * $flow = FundFlow::fromString(<<<'CSV'
 * 记账时间,微信支付业务单号,资金流水单号,业务名称,业务类型,收支类型,收支金额(元),账户结余(元),备注
 * `2026-11-21 10:00:01,`4200000000202611210000000001,`F1,`交易,`交易,`收入,`12.30,`112.30,`
 * `2026-11-21 10:00:01,`4200000000202611210000000001,`F2,`交易,`扣除交易手续费,`支出,`0.07,`112.23,`rate 0.6%\nrounded
 * 资金流水总笔数,收入笔数,收入金额,支出笔数,支出金额
 * `2,`1,`12.30,`1,`0.07
 * CSV);
 * foreach ($flow as $row) {
 *     echo $row->isIncome() ? '+' : '-', $row->amount, "\n";   // prints: -7
 * }
 * echo $row->remarkUnescaped(), "\n";                          // prints: rounded
 * ```
 */
final class FundFlowRow implements \JsonSerializable
{
    /** 记账时间: when it was booked. */
    public readonly \DateTimeImmutable $time;

    /** 微信支付业务单号: `transactionId` or `refundId` of what moved the money. */
    public readonly ?string $businessId;

    /** 资金流水单号: the number of the movement. */
    public readonly string $flowId;

    /** 业务名称. */
    public readonly ?string $businessName;

    /** 业务类型: 交易, 退款, 扣除交易手续费, 提现 ...; an open set. */
    public readonly string $businessType;

    /** 收支类型: 收入 (it came) or 支出 (it went). */
    public readonly string $direction;

    /** 收支金额: fen, as printed. */
    public readonly int $amount;

    /** 账户结余: fen that are left after it. */
    public readonly int $balance;

    /** 资金变更提交申请人. */
    public readonly ?string $submitter;

    /** 备注, byte for byte: line ends are written as backslash and letter. */
    public readonly ?string $remark;

    /** 业务凭证号, byte for byte. */
    public readonly ?string $voucher;

    /** Made by the extension only; can be neither constructed nor unserialized. */
    private function __construct()
    {
        throw new \Error('WechatPay\\FundFlowRow is provided by the wechatpay extension, which is not loaded.');
    }

    /**
     * Every cell as it stands in the file, under the name of its column.
     *
     * @return array<string, string>
     */
    public function fields(): array
    {
        throw new \Error('WechatPay\\FundFlowRow is provided by the wechatpay extension, which is not loaded.');
    }

    /** Did money come? */
    public function isIncome(): bool
    {
        throw new \Error('WechatPay\\FundFlowRow is provided by the wechatpay extension, which is not loaded.');
    }

    /** The remark with its line ends: `\r` and `\n` are what the file writes for them. */
    public function remarkUnescaped(): ?string
    {
        throw new \Error('WechatPay\\FundFlowRow is provided by the wechatpay extension, which is not loaded.');
    }

    /**
     * Property names, times as ATOM.
     *
     * @return array<string, mixed>
     */
    public function jsonSerialize(): array
    {
        throw new \Error('WechatPay\\FundFlowRow is provided by the wechatpay extension, which is not loaded.');
    }
}
