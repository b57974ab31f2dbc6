//! The bill of a day without any trade: WeChat makes none, so it is written here, with a header and sums of nothing.

use super::header::BillType;

const START: &str = "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,\
                     货币种类,应结订单金额,代金券金额";
const TIMES: &str = "退款申请时间,退款成功时间";
const REFUND: &str = "微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态";
const SUMS: &str = "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额\n`0,`0.00,`0.00,`0.00,`0.00000,`0.00,`0.00\n";

/// A whole file of that kind, without a row.
pub fn bill(kind: BillType) -> String {
    match kind {
        BillType::All => {
            format!("{START},{REFUND},商品名称,商户数据包,手续费,费率,订单金额,申请退款金额,费率备注\n{SUMS}")
        }
        BillType::Success => format!("{START},商品名称,商户数据包,手续费,费率,订单金额,费率备注\n{SUMS}"),
        BillType::Refund => {
            format!(
                "{START},{TIMES},{REFUND},商品名称,商户数据包,手续费,费率,订单金额,申请退款金额,费率备注\n{SUMS}"
            )
        }
        BillType::RechargeRefund => {
            format!(
                "{START},{TIMES},{REFUND},商品名称,商户数据包,返还手续费,费率,订单金额,申请退款金额\n{SUMS}"
            )
        }
        BillType::FundFlow => "记账时间,微信支付业务单号,资金流水单号,业务名称,业务类型,收支类型,收支金额（元）,账户结余（元）,\
                           资金变更提交申请人,备注,业务凭证号\n资金流水总笔数,收入笔数,收入金额,支出笔数,支出金额\n`0,`0,`0.00,`0,`0.00\n"
            .to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bill::verify::verify;

    #[test]
    fn b1_an_empty_day_reads_as_the_bill_that_was_asked_for() {
        for kind in
            [BillType::All, BillType::Success, BillType::Refund, BillType::RechargeRefund, BillType::FundFlow]
        {
            let read = verify(bill(kind).as_bytes()).unwrap();
            assert_eq!((read.header.kind, read.rows, read.summary.count()), (kind, 0, 0));
            assert_eq!(read.header.unknown().count() + read.summary.unknown().len(), 0);
        }
    }
}
