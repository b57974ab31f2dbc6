//! What the sums of a bill are sums of, and the names that files give them.

use super::layout::Layout;

/// What is summed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "each is the sum of the field of that name")]
pub enum Sum {
    Count,
    SettlementTotalFee,
    TotalFee,
    SettlementRefundFee,
    RefundFee,
    CouponRefundFee,
    FeeE5,
    IncomeCount,
    IncomeFee,
    ExpenseCount,
    ExpenseFee,
}

impl Sum {
    /// Every sum.
    pub const ALL: [Self; 11] = [
        Self::Count,
        Self::SettlementTotalFee,
        Self::TotalFee,
        Self::SettlementRefundFee,
        Self::RefundFee,
        Self::CouponRefundFee,
        Self::FeeE5,
        Self::IncomeCount,
        Self::IncomeFee,
        Self::ExpenseCount,
        Self::ExpenseFee,
    ];

    /// The word for it in code.
    pub fn name(self) -> &'static str {
        match self {
            Self::Count => "count",
            Self::SettlementTotalFee => "settlement_total_fee",
            Self::TotalFee => "total_fee",
            Self::SettlementRefundFee => "settlement_refund_fee",
            Self::RefundFee => "refund_fee",
            Self::CouponRefundFee => "coupon_refund_fee",
            Self::FeeE5 => "fee_e5",
            Self::IncomeCount => "income_count",
            Self::IncomeFee => "income_fee",
            Self::ExpenseCount => "expense_count",
            Self::ExpenseFee => "expense_fee",
        }
    }

    /// The one that a name stands for in files of this layout.
    pub(super) fn of(name: &str, layout: Layout) -> Option<Self> {
        if layout == Layout::FundFlow {
            return match name {
                "资金流水总笔数" | "总交易单数" => Some(Self::Count),
                "收入笔数" => Some(Self::IncomeCount),
                "收入金额" => Some(Self::IncomeFee),
                "支出笔数" => Some(Self::ExpenseCount),
                "支出金额" => Some(Self::ExpenseFee),
                _ => None,
            };
        }
        match name {
            "总交易单数" | "资金流水总笔数" => Some(Self::Count),
            "总交易额" if layout != Layout::G2 => Some(Self::TotalFee),
            "总退款金额" if layout != Layout::G2 => Some(Self::RefundFee),
            "应结订单总金额" => Some(Self::SettlementTotalFee),
            "订单总金额" => Some(Self::TotalFee),
            "退款总金额" => Some(Self::SettlementRefundFee),
            "申请退款总金额" => Some(Self::RefundFee),
            "充值券退款总金额" | "总代金券或立减优惠退款金额" | "总企业红包退款金额" => {
                Some(Self::CouponRefundFee)
            }
            "手续费总金额" => Some(Self::FeeE5),
            _ => None,
        }
    }

    /// Where a file prints one amount, its sum is that of both.
    pub(super) fn twin(self, name: &str) -> Option<Self> {
        match (self, name) {
            (Self::TotalFee, "总交易额") => Some(Self::SettlementTotalFee),
            (Self::RefundFee, "总退款金额") => Some(Self::SettlementRefundFee),
            _ => None,
        }
    }
}
