<?php

declare(strict_types=1);

namespace WechatPay;

/**
 * What a bill and the books do not agree on.
 *
 * ```php
 * use WechatPay\Bill;
 * use WechatPay\Reconciliation;
 *
 * $bill = Bill::fromString(<<<'CSV'
 * 交易时间,公众账号ID,商户号,微信订单号,商户订单号,交易状态,货币种类,应结订单金额,手续费,订单金额
 * `2026-11-21 10:00:01,`wx2421b1c4370ec43b,`10000100,`4200000000202611210000000001,`T1,`SUCCESS,`CNY,`12.30,`0.07000,`12.30
 * `2026-11-21 11:30:00,`wx2421b1c4370ec43b,`10000100,`4200000000202611210000000002,`T2,`SUCCESS,`CNY,`5.00,`0.03000,`5.00
 * 总交易单数,应结订单总金额,手续费总金额,订单总金额
 * `2,`17.30,`0.10000,`17.30
 * CSV);
 * [$difference] = iterator_to_array(Reconciliation::compare($bill, [['out_trade_no' => 'T1', 'total_fee' => 1230, 'state' => 'SUCCESS']]));
 * echo $difference->kind->name, "\n";   // prints: PaidNotBooked
 * ```
 */
enum DifferenceKind: string
{
    /** In the bill, in no book. */
    case PaidNotBooked = 'PaidNotBooked';

    /** Booked as paid on a day of the bills, in no bill: waits until the second day after. */
    case BookedNotPaid = 'BookedNotPaid';

    /** Another `total_fee`. */
    case AmountDiffers = 'AmountDiffers';

    /** Paid there and not here, or a state that nobody knows. */
    case StateDiffers = 'StateDiffers';

    /** Another currency. */
    case FeeTypeDiffers = 'FeeTypeDiffers';

    /** Another transaction under the same order number: paid twice, or booked wrongly. */
    case TransactionIdDiffers = 'TransactionIdDiffers';

    /** In the bill; asked for here, but not booked. */
    case RefundNotBooked = 'RefundNotBooked';

    /** In the bill; nobody here has asked for it. */
    case RefundUnknown = 'RefundUnknown';

    /** Another amount or order; or booked here and in no bill, which waits. */
    case RefundDiffers = 'RefundDiffers';

    /** The fee is not rate times amount, in a file that prints rounded fees. */
    case FeeDiffers = 'FeeDiffers';

    /** Reversed there, paid here. */
    case RevokedAfterPaid = 'RevokedAfterPaid';

    /** The account got another amount than the bill settles. */
    case SettlementDiffers = 'SettlementDiffers';

    /** A balance that does not follow from the one before. */
    case BalanceBroken = 'BalanceBroken';

    /** Rows of an appid that is not the shop's. */
    case AppidUnknown = 'AppidUnknown';

    /** The same payment or refund more than once, on either side. */
    case DuplicateRow = 'DuplicateRow';

    /** A day that was done has another bill now. */
    case BillChanged = 'BillChanged';
}
