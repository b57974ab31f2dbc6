//! The generations of bills.

/// The generation of a file, told by its header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// 2014: 企业红包金额.
    G0,
    /// Until about 2018, and some merchants to this day: one amount, 总金额.
    G1,
    /// Today: 应结订单金额 and 订单金额.
    G2,
    /// The fund flow, which has one layout.
    FundFlow,
}

impl Layout {
    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::G0 => "G0",
            Self::G1 => "G1",
            Self::G2 => "G2",
            Self::FundFlow => "fund_flow",
        }
    }

    /// Does it print one amount only, which is both asked and settled?
    pub(super) fn has_one_amount(self) -> bool {
        matches!(self, Self::G0 | Self::G1)
    }
}
