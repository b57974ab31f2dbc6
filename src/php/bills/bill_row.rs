//! `WechatPay\BillRow` and `WechatPay\FundFlowRow`: what stands in a cell is read when it is asked for.

use crate::bill::field::{Field, Form};
use crate::bill::row::{KeptRow, Row};
use crate::model::trade_state::TradeState;
use crate::php::engine::convert::{date, value};
use crate::php::engine::object::call::Call;
use crate::php::engine::object::class::{Returns, method, php_class};
use crate::php::engine::object::lazy::Lazy;
use crate::php::engine::object::property::{INT, PropertyOf, STRING, TIME, nullable, property, unread};
use crate::php::engine::object::{interfaces, lazy};
use crate::php::engine::raise::Outcome;
use crate::php::values::enums;
use crate::php::values::enums::PhpEnum;
use ext_php_rs::boxed::ZBox;
use ext_php_rs::flags::DataType;
use ext_php_rs::types::ZendHashTable;

/// What a PHP `BillRow` holds.
pub struct PhpBillRow(KeptRow);

/// What a PHP `FundFlowRow` holds.
pub struct PhpFundFlowRow(KeptRow);

php_class!(PhpBillRow, "WechatPay\\BillRow", private);
php_class!(PhpFundFlowRow, "WechatPay\\FundFlowRow", private);

const TRADES: &[PropertyOf<PhpBillRow>] = &[
    property("tradeTime", TIME, |r| cell(&r.0, Field::TradeTime)),
    nullable("appid", STRING, |r| cell(&r.0, Field::Appid)),
    nullable("mchId", STRING, |r| cell(&r.0, Field::MchId)),
    nullable("subMchId", STRING, |r| cell(&r.0, Field::SubMchId)),
    nullable("deviceInfo", STRING, |r| cell(&r.0, Field::DeviceInfo)),
    property("transactionId", STRING, |r| cell(&r.0, Field::TransactionId)),
    property("outTradeNo", STRING, |r| cell(&r.0, Field::OutTradeNo)),
    nullable("openid", STRING, |r| cell(&r.0, Field::Openid)),
    nullable("tradeType", STRING, |r| cell(&r.0, Field::TradeType)),
    property("tradeState", DataType::object(TradeState::NAME), |r| cell(&r.0, Field::TradeState)),
    nullable("bankType", STRING, |r| cell(&r.0, Field::BankType)),
    nullable("feeType", STRING, |r| cell(&r.0, Field::FeeType)),
    nullable("settlementTotalFee", INT, |r| cell(&r.0, Field::SettlementTotalFee)),
    nullable("couponFee", INT, |r| cell(&r.0, Field::CouponFee)),
    nullable("refundApplyTime", TIME, |r| cell(&r.0, Field::RefundApplyTime)),
    nullable("refundSuccessTime", TIME, |r| cell(&r.0, Field::RefundSuccessTime)),
    nullable("refundId", STRING, |r| cell(&r.0, Field::RefundId)),
    nullable("outRefundNo", STRING, |r| cell(&r.0, Field::OutRefundNo)),
    nullable("settlementRefundFee", INT, |r| cell(&r.0, Field::SettlementRefundFee)),
    nullable("couponRefundFee", INT, |r| cell(&r.0, Field::CouponRefundFee)),
    nullable("refundChannel", STRING, |r| cell(&r.0, Field::RefundChannel)),
    nullable("refundStatus", STRING, |r| cell(&r.0, Field::RefundStatus)),
    nullable("body", STRING, |r| cell(&r.0, Field::Body)),
    nullable("attach", STRING, |r| cell(&r.0, Field::Attach)),
    nullable("feeE5", INT, |r| cell(&r.0, Field::FeeE5)),
    nullable("returnedFeeE5", INT, |r| cell(&r.0, Field::ReturnedFeeE5)),
    nullable("rate", STRING, |r| cell(&r.0, Field::Rate)),
    nullable("totalFee", INT, |r| cell(&r.0, Field::TotalFee)),
    nullable("refundFee", INT, |r| cell(&r.0, Field::RefundFee)),
    nullable("rateNote", STRING, |r| cell(&r.0, Field::RateNote)),
];

const FLOWS: &[PropertyOf<PhpFundFlowRow>] = &[
    property("time", TIME, |r| cell(&r.0, Field::Time)),
    nullable("businessId", STRING, |r| cell(&r.0, Field::BusinessId)),
    property("flowId", STRING, |r| cell(&r.0, Field::FlowId)),
    nullable("businessName", STRING, |r| cell(&r.0, Field::BusinessName)),
    property("businessType", STRING, |r| cell(&r.0, Field::BusinessType)),
    property("direction", STRING, |r| cell(&r.0, Field::Direction)),
    property("amount", INT, |r| cell(&r.0, Field::Amount)),
    property("balance", INT, |r| cell(&r.0, Field::Balance)),
    nullable("submitter", STRING, |r| cell(&r.0, Field::Submitter)),
    nullable("remark", STRING, |r| cell(&r.0, Field::Remark)),
    nullable("voucher", STRING, |r| cell(&r.0, Field::Voucher)),
];

/// Registers both classes.
pub fn register_all() -> ext_php_rs::error::Result<()> {
    const ARRAY: Option<Returns> = Some(Returns(DataType::Array, false));
    let interfaces = [(interfaces::json_serializable as _, "\\JsonSerializable")];
    let json = || method!("jsonSerialize", interfaces::json_serialize, [], ARRAY);
    lazy::register::<PhpBillRow>(&[method!("fields", fields_of_trade, [], ARRAY), json()], &interfaces)?;
    lazy::register::<PhpFundFlowRow>(
        &[
            method!("fields", fields_of_flow, [], ARRAY),
            method!("isIncome", is_income, [], Some(Returns(DataType::Bool, false))),
            method!("remarkUnescaped", remark_unescaped, [], Some(Returns(STRING, true))),
            json(),
        ],
        &interfaces,
    )
}

/// A PHP `BillRow`.
pub fn trade(row: KeptRow) -> Outcome {
    unread(PhpBillRow(row))
}

/// A PHP `FundFlowRow`.
pub fn flow(row: KeptRow) -> Outcome {
    unread(PhpFundFlowRow(row))
}

impl Lazy for PhpBillRow {
    const PROPERTIES: &'static [PropertyOf<Self>] = TRADES;
}

impl Lazy for PhpFundFlowRow {
    const PROPERTIES: &'static [PropertyOf<Self>] = FLOWS;
}

fn cell(row: &KeptRow, field: Field) -> Outcome {
    let row = row.row();
    match field.form() {
        _ if field == Field::TradeState => {
            Ok(enums::to_php(TradeState::from_wire(row.text(field).unwrap_or_default())))
        }
        Form::Fen | Form::FeeE5 => Ok(value::int_or_null(row.number_of(field))),
        Form::NeededTime | Form::Time => date::beijing_or_null(row.time(field)),
        _ => Ok(value::text_or_null(row.bytes(field))),
    }
}

/// Every cell as it stands in the file, under the name of its column.
fn fields(row: &Row<'_>) -> Outcome {
    let mut table: ZBox<ZendHashTable> = ZendHashTable::new();
    for (name, cell) in row.printed() {
        value::insert(&mut table, name, value::text(cell))?;
    }
    Ok(value::array(table))
}

fn fields_of_trade(call: &mut Call<'_>) -> Outcome {
    fields(&call.this::<PhpBillRow>()?.0.row())
}

fn fields_of_flow(call: &mut Call<'_>) -> Outcome {
    fields(&call.this::<PhpFundFlowRow>()?.0.row())
}

fn is_income(call: &mut Call<'_>) -> Outcome {
    Ok(value::bool(call.this::<PhpFundFlowRow>()?.0.row().is_income()))
}

/// The file writes line ends as backslash and letter.
fn remark_unescaped(call: &mut Call<'_>) -> Outcome {
    let row = call.this::<PhpFundFlowRow>()?.0.row();
    let remark = row.text(Field::Remark);
    Ok(value::text_or_null(remark.map(|remark| remark.replace("\\r", "\r").replace("\\n", "\n"))))
}
