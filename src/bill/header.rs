//! The header of a bill: which generation it is of, what it is a bill of, and where each field stands.

use super::fault::{BillError, beginning};
use super::field::{Field, Form};
use super::layout::Layout;

/// What a file lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BillType {
    /// Payments and refunds.
    All,
    /// Payments.
    Success,
    /// Refunds.
    Refund,
    /// Refunds of recharged coupons, which ALL leaves out.
    RechargeRefund,
    /// Every movement of an account.
    FundFlow,
}

impl BillType {
    /// `bill_type`, as the call spells it.
    pub fn wire(self) -> &'static str {
        match self {
            Self::All => "ALL",
            Self::Success => "SUCCESS",
            Self::Refund => "REFUND",
            Self::RechargeRefund => "RECHARGE_REFUND",
            Self::FundFlow => "FUND_FLOW",
        }
    }

    /// Does it say anything about payments?
    pub fn lists_payments(self) -> bool {
        matches!(self, Self::All | Self::Success)
    }

    /// Does it say anything about refunds?
    pub fn lists_refunds(self) -> bool {
        matches!(self, Self::All | Self::Refund | Self::RechargeRefund)
    }
}

/// Names that only the bill of cross-border merchants has.
const CROSS_BORDER: [&str; 2] = ["标价币种", "结算币种"];

/// How many numbers a row has at most.
pub const SLOTS: usize = 8;

/// Where a field stands in a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ColumnPlace {
    /// The cell.
    pub column: usize,
    /// Where its number is kept, if it is one.
    pub slot: usize,
}

/// What is looked at in each row, whoever asks for what.
#[derive(Debug, Clone, Copy)]
pub struct CellCheck {
    /// The cell.
    pub column: usize,
    /// How it is read.
    pub form: Form,
    /// Where its number goes.
    pub slot: usize,
}

/// The header of a file.
#[derive(Debug, Clone)]
pub struct Header {
    /// The generation.
    pub layout: Layout,
    /// What it lists.
    pub kind: BillType,
    names: Vec<String>,
    known: Vec<Option<Field>>,
    places: [Option<ColumnPlace>; Field::COUNT],
    checks: Vec<CellCheck>,
}

impl Header {
    /// Reads the first line.
    pub fn read(line: &str) -> Result<Self, BillError> {
        let names = names(line);
        if let Some(name) = names.iter().find(|name| CROSS_BORDER.contains(&name.as_str())) {
            return Err(BillError::CrossBorder(name.clone()));
        }
        if !names.iter().any(|name| is_known(&plain(name))) {
            return Err(BillError::NotABill(beginning(line.as_bytes())));
        }
        let has = |column: &str| names.iter().any(|name| plain(name) == column);
        let layout = layout(has);
        let kind = kind(layout, has);
        let known = names.iter().map(|name| field_of(&plain(name), layout)).collect();
        let mut header =
            Self { layout, kind, names, known, places: [None; Field::COUNT], checks: Vec::new() };
        header.take_places()?;
        header.refuse_gaps()?;
        Ok(header)
    }

    fn take_places(&mut self) -> Result<(), BillError> {
        for (column, field) in self.known.iter().enumerate() {
            let Some(field) = *field else { continue };
            let place = ColumnPlace { column, slot: slot(field) };
            for field in meanings(field, self.layout) {
                let Some(taken) = self.places.get_mut(field as usize) else { continue };
                if taken.is_some() {
                    let column = self.names.get(column).cloned().unwrap_or_default();
                    return Err(BillError::DuplicateColumn { column });
                }
                *taken = Some(place);
            }
            if !matches!(field.form(), Form::Word | Form::WordOrZero | Form::FreeText) {
                self.checks.push(CellCheck { column, form: field.form(), slot: place.slot });
            }
        }
        Ok(())
    }

    fn refuse_gaps(&self) -> Result<(), BillError> {
        let needed = needed(self.layout, self.kind);
        let gap = needed.into_iter().find(|(field, _)| self.place(*field).is_none());
        gap.map_or(Ok(()), |(_, column)| Err(BillError::MissingColumn { column }))
    }

    /// Where a field stands, if the file has it.
    pub fn place(&self, field: Field) -> Option<ColumnPlace> {
        self.places.get(field as usize).copied().flatten()
    }

    /// The fields that the file has, in the order of the documentation.
    pub fn fields(&self) -> impl Iterator<Item = Field> {
        let all: &[Field] =
            if self.kind == BillType::FundFlow { &Field::OF_FLOWS } else { &Field::OF_TRADES };
        all.iter().copied().filter(|field| self.place(*field).is_some())
    }

    /// How many cells a row has.
    pub fn width(&self) -> usize {
        self.names.len()
    }

    /// The names of all columns, as printed.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The columns that nobody knows, with their places.
    pub fn unknown(&self) -> impl Iterator<Item = (usize, &str)> {
        let columns = self.names.iter().zip(&self.known).enumerate();
        columns.filter(|(_, (_, field))| field.is_none()).map(|(column, (name, _))| (column, name.as_str()))
    }

    /// What each row must hold, from left to right.
    pub fn checks(&self) -> &[CellCheck] {
        &self.checks
    }
}

/// The names of a header line: between commas of either width, blanks around them cut.
pub fn names(line: &str) -> Vec<String> {
    line.split([',', '，']).map(|name| name.trim_matches([' ', '\t']).to_owned()).collect()
}

/// A name with full-width brackets, as the documentation has them.
pub fn plain(name: &str) -> String {
    name.replace('(', "（").replace(')', "）")
}

fn is_known(name: &str) -> bool {
    [Layout::FundFlow, Layout::G1, Layout::G2].into_iter().any(|layout| field_of(name, layout).is_some())
}

fn layout(has: impl Fn(&str) -> bool) -> Layout {
    if has("记账时间") {
        Layout::FundFlow
    } else if has("应结订单金额") {
        Layout::G2
    } else if has("企业红包金额") {
        Layout::G0
    } else if has("总金额") {
        Layout::G1
    } else {
        Layout::G2
    }
}

fn kind(layout: Layout, has: impl Fn(&str) -> bool) -> BillType {
    let any = |columns: &[&str]| columns.iter().any(|column| has(column));
    if layout == Layout::FundFlow {
        BillType::FundFlow
    } else if has("返还手续费") {
        BillType::RechargeRefund
    } else if any(&["退款申请时间", "退款成功时间"]) {
        BillType::Refund
    } else if any(&["微信退款单号", "商户退款单号", "退款金额", "申请退款金额"]) {
        BillType::All
    } else {
        BillType::Success
    }
}

fn field_of(name: &str, layout: Layout) -> Option<Field> {
    match name {
        "总金额" if layout.has_one_amount() => return Some(Field::TotalFee),
        "退款金额" if layout.has_one_amount() => return Some(Field::RefundFee),
        _ => {}
    }
    let fields: &[Field] = if layout == Layout::FundFlow { &Field::OF_FLOWS } else { &Field::OF_TRADES };
    fields.iter().copied().find(|field| field.columns().contains(&name))
}

/// The fields that a column stands for: where a file knows one amount, it is both asked and settled.
fn meanings(field: Field, layout: Layout) -> impl Iterator<Item = Field> {
    let second = match field {
        Field::TotalFee if layout.has_one_amount() => Some(Field::SettlementTotalFee),
        Field::RefundFee if layout.has_one_amount() => Some(Field::SettlementRefundFee),
        _ => None,
    };
    [Some(field), second].into_iter().flatten()
}

/// Where the number of a field is kept; trade bills and fund flows share the places.
fn slot(field: Field) -> usize {
    match field {
        Field::SettlementTotalFee | Field::Amount => 0,
        Field::TotalFee | Field::Balance => 1,
        Field::SettlementRefundFee => 2,
        Field::RefundFee => 3,
        Field::CouponFee => 4,
        Field::CouponRefundFee => 5,
        Field::FeeE5 => 6,
        _ => 7,
    }
}

/// What a file must have, with the name that a message gives it.
fn needed(layout: Layout, kind: BillType) -> Vec<(Field, &'static str)> {
    let by_name = |field: &Field| (*field, field.columns().first().copied().unwrap_or_default());
    if kind == BillType::FundFlow {
        let optional = [Field::BusinessName, Field::Submitter, Field::Remark, Field::Voucher];
        return Field::OF_FLOWS.iter().filter(|field| !optional.contains(field)).map(by_name).collect();
    }
    let fee = if kind == BillType::RechargeRefund { Field::ReturnedFeeE5 } else { Field::FeeE5 };
    let mut needed = vec![
        Field::TradeTime,
        Field::Appid,
        Field::MchId,
        Field::TransactionId,
        Field::OutTradeNo,
        Field::TradeState,
        Field::FeeType,
        fee,
    ];
    if !layout.has_one_amount() {
        needed.extend([Field::SettlementTotalFee, Field::TotalFee]);
    }
    let mut needed: Vec<_> = needed.iter().map(by_name).collect();
    if layout.has_one_amount() {
        needed.push((Field::TotalFee, "总金额"));
    }
    if kind != BillType::Success {
        needed.extend([Field::RefundId, Field::OutRefundNo, Field::SettlementRefundFee].iter().map(by_name));
        if !layout.has_one_amount() {
            needed.push(by_name(&Field::RefundFee));
        }
    }
    needed
}
