//! The columns of bills: their names through the years, and how their cells are read.

/// What a column means. The names are WeChat's of the calls; `fee_e5` is counted in 1/100000 yuan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "each is the field of that name in docs/protocol.md E")]
pub enum Field {
    TradeTime,
    Appid,
    MchId,
    SubMchId,
    DeviceInfo,
    TransactionId,
    OutTradeNo,
    Openid,
    TradeType,
    TradeState,
    BankType,
    FeeType,
    SettlementTotalFee,
    CouponFee,
    RefundId,
    OutRefundNo,
    SettlementRefundFee,
    CouponRefundFee,
    RefundChannel,
    RefundStatus,
    Body,
    Attach,
    FeeE5,
    Rate,
    TotalFee,
    RefundFee,
    RateNote,
    RefundApplyTime,
    RefundSuccessTime,
    ReturnedFeeE5,
    Time,
    BusinessId,
    FlowId,
    BusinessName,
    BusinessType,
    Direction,
    Amount,
    Balance,
    Submitter,
    Remark,
    Voucher,
}

/// How a cell is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// An id or a word; blanks around are cut, nothing is null.
    Word,
    /// The same, and it must be there.
    NeededWord,
    /// The same, where `0` says that there is none.
    WordOrZero,
    /// 收入 or 支出.
    Direction,
    /// What people wrote: byte for byte.
    FreeText,
    /// Yuan with two decimals: fen.
    Fen,
    /// Yuan with five decimals.
    FeeE5,
    /// A time that must be there.
    NeededTime,
    /// A time that may be absent.
    Time,
}

impl Form {
    /// Is it read as a number?
    pub fn is_number(self) -> bool {
        matches!(self, Self::Fen | Self::FeeE5)
    }
}

impl Field {
    /// How many there are.
    pub const COUNT: usize = 41;

    /// Every field of a trade bill, in the order of the documentation.
    pub const OF_TRADES: [Self; 30] = [
        Self::TradeTime,
        Self::Appid,
        Self::MchId,
        Self::SubMchId,
        Self::DeviceInfo,
        Self::TransactionId,
        Self::OutTradeNo,
        Self::Openid,
        Self::TradeType,
        Self::TradeState,
        Self::BankType,
        Self::FeeType,
        Self::SettlementTotalFee,
        Self::CouponFee,
        Self::RefundApplyTime,
        Self::RefundSuccessTime,
        Self::RefundId,
        Self::OutRefundNo,
        Self::SettlementRefundFee,
        Self::CouponRefundFee,
        Self::RefundChannel,
        Self::RefundStatus,
        Self::Body,
        Self::Attach,
        Self::FeeE5,
        Self::ReturnedFeeE5,
        Self::Rate,
        Self::TotalFee,
        Self::RefundFee,
        Self::RateNote,
    ];

    /// Every field of a fund flow, in the order of the documentation.
    pub const OF_FLOWS: [Self; 11] = [
        Self::Time,
        Self::BusinessId,
        Self::FlowId,
        Self::BusinessName,
        Self::BusinessType,
        Self::Direction,
        Self::Amount,
        Self::Balance,
        Self::Submitter,
        Self::Remark,
        Self::Voucher,
    ];

    /// The word for it in code: `total_fee`.
    pub fn name(self) -> &'static str {
        match self {
            Self::TradeTime => "trade_time",
            Self::Appid => "appid",
            Self::MchId => "mch_id",
            Self::SubMchId => "sub_mch_id",
            Self::DeviceInfo => "device_info",
            Self::TransactionId => "transaction_id",
            Self::OutTradeNo => "out_trade_no",
            Self::Openid => "openid",
            Self::TradeType => "trade_type",
            Self::TradeState => "trade_state",
            Self::BankType => "bank_type",
            Self::FeeType => "fee_type",
            Self::SettlementTotalFee => "settlement_total_fee",
            Self::CouponFee => "coupon_fee",
            Self::RefundId => "refund_id",
            Self::OutRefundNo => "out_refund_no",
            Self::SettlementRefundFee => "settlement_refund_fee",
            Self::CouponRefundFee => "coupon_refund_fee",
            Self::RefundChannel => "refund_channel",
            Self::RefundStatus => "refund_status",
            Self::Body => "body",
            Self::Attach => "attach",
            Self::FeeE5 => "fee_e5",
            Self::Rate => "rate",
            Self::TotalFee => "total_fee",
            Self::RefundFee => "refund_fee",
            Self::RateNote => "rate_note",
            Self::RefundApplyTime => "refund_apply_time",
            Self::RefundSuccessTime => "refund_success_time",
            Self::ReturnedFeeE5 => "returned_fee_e5",
            Self::Time => "time",
            Self::BusinessId => "business_id",
            Self::FlowId => "flow_id",
            Self::BusinessName => "business_name",
            Self::BusinessType => "business_type",
            Self::Direction => "direction",
            Self::Amount => "amount",
            Self::Balance => "balance",
            Self::Submitter => "submitter",
            Self::Remark => "remark",
            Self::Voucher => "voucher",
        }
    }

    /// How its cells are read.
    pub fn form(self) -> Form {
        match self {
            Self::TradeTime | Self::Time => Form::NeededTime,
            Self::RefundApplyTime | Self::RefundSuccessTime => Form::Time,
            Self::TransactionId | Self::OutTradeNo | Self::TradeState | Self::FlowId | Self::BusinessType => {
                Form::NeededWord
            }
            Self::SubMchId | Self::RefundId | Self::OutRefundNo => Form::WordOrZero,
            Self::Direction => Form::Direction,
            Self::Body | Self::Attach | Self::Remark | Self::Voucher => Form::FreeText,
            Self::SettlementTotalFee
            | Self::CouponFee
            | Self::SettlementRefundFee
            | Self::CouponRefundFee
            | Self::TotalFee
            | Self::RefundFee
            | Self::Amount
            | Self::Balance => Form::Fen,
            Self::FeeE5 | Self::ReturnedFeeE5 => Form::FeeE5,
            _ => Form::Word,
        }
    }

    /// The names that a column of it has had, in files that know both amounts (G2) and in fund flows. The first is the one
    /// of today.
    pub fn columns(self) -> &'static [&'static str] {
        match self {
            Self::TradeTime => &["交易时间"],
            Self::Appid => &["公众账号ID"],
            Self::MchId => &["商户号"],
            Self::SubMchId => &["特约商户号", "子商户号"],
            Self::DeviceInfo => &["设备号"],
            Self::TransactionId => &["微信订单号"],
            Self::OutTradeNo => &["商户订单号"],
            Self::Openid => &["用户标识"],
            Self::TradeType => &["交易类型"],
            Self::TradeState => &["交易状态"],
            Self::BankType => &["付款银行"],
            Self::FeeType => &["货币种类"],
            Self::SettlementTotalFee => &["应结订单金额"],
            Self::CouponFee => &["代金券金额", "代金券或立减优惠金额", "企业红包金额"],
            Self::RefundId => &["微信退款单号"],
            Self::OutRefundNo => &["商户退款单号"],
            Self::SettlementRefundFee => &["退款金额"],
            Self::CouponRefundFee => &["充值券退款金额", "代金券或立减优惠退款金额", "企业红包退款金额"],
            Self::RefundChannel => &["退款类型"],
            Self::RefundStatus => &["退款状态"],
            Self::Body => &["商品名称"],
            Self::Attach => &["商户数据包"],
            Self::FeeE5 => &["手续费"],
            Self::Rate => &["费率"],
            Self::TotalFee => &["订单金额"],
            Self::RefundFee => &["申请退款金额"],
            Self::RateNote => &["费率备注"],
            Self::RefundApplyTime => &["退款申请时间"],
            Self::RefundSuccessTime => &["退款成功时间"],
            Self::ReturnedFeeE5 => &["返还手续费"],
            Self::Time => &["记账时间"],
            Self::BusinessId => &["微信支付业务单号"],
            Self::FlowId => &["资金流水单号"],
            Self::BusinessName => &["业务名称"],
            Self::BusinessType => &["业务类型"],
            Self::Direction => &["收支类型"],
            Self::Amount => &["收支金额（元）"],
            Self::Balance => &["账户结余（元）"],
            Self::Submitter => &["资金变更提交申请人"],
            Self::Remark => &["备注"],
            Self::Voucher => &["业务凭证号"],
        }
    }
}
