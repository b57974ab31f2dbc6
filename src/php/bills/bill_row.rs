//! `WechatPay\BillRow` and `WechatPay\FundFlowRow`: what stands in a cell is read when it is asked for.

use crate::bill::field::{Field, Form};
use crate::bill::row::{KeptRow, Row};
use crate::model::trade_state::TradeState;
use crate::php::engine::convert::value;
use crate::php::engine::object::call::{Call, Outcome};
use crate::php::engine::object::class::{Property, Returns, method, nullable, php_class, property};
use crate::php::engine::object::lazy::{self, Lazy};
use crate::php::values::enums::{self, PhpEnum};
use ext_php_rs::boxed::ZBox;
use ext_php_rs::flags::DataType;
use ext_php_rs::types::{ZendHashTable, Zval};

/// What a PHP `BillRow` holds.
pub struct PhpBillRow(KeptRow);

/// What a PHP `FundFlowRow` holds.
pub struct PhpFundFlowRow(KeptRow);

php_class!(PhpBillRow, "WechatPay\\BillRow", private);
php_class!(PhpFundFlowRow, "WechatPay\\FundFlowRow", private);

const TEXT: DataType = DataType::String;
const INT: DataType = DataType::Long;
const TIME: DataType = DataType::object("DateTimeImmutable");

/// In the order of [`Field::OF_TRADES`].
const TRADES: [Property; 30] = [
    property("tradeTime", TIME),
    nullable("appid", TEXT),
    nullable("mchId", TEXT),
    nullable("subMchId", TEXT),
    nullable("deviceInfo", TEXT),
    property("transactionId", TEXT),
    property("outTradeNo", TEXT),
    nullable("openid", TEXT),
    nullable("tradeType", TEXT),
    property("tradeState", DataType::object(TradeState::NAME)),
    nullable("bankType", TEXT),
    nullable("feeType", TEXT),
    nullable("settlementTotalFee", INT),
    nullable("couponFee", INT),
    nullable("refundApplyTime", TIME),
    nullable("refundSuccessTime", TIME),
    nullable("refundId", TEXT),
    nullable("outRefundNo", TEXT),
    nullable("settlementRefundFee", INT),
    nullable("couponRefundFee", INT),
    nullable("refundChannel", TEXT),
    nullable("refundStatus", TEXT),
    nullable("body", TEXT),
    nullable("attach", TEXT),
    nullable("feeE5", INT),
    nullable("returnedFeeE5", INT),
    nullable("rate", TEXT),
    nullable("totalFee", INT),
    nullable("refundFee", INT),
    nullable("rateNote", TEXT),
];

/// In the order of [`Field::OF_FLOWS`].
const FLOWS: [Property; 11] = [
    property("time", TIME),
    nullable("businessId", TEXT),
    property("flowId", TEXT),
    nullable("businessName", TEXT),
    property("businessType", TEXT),
    property("direction", TEXT),
    property("amount", INT),
    property("balance", INT),
    nullable("submitter", TEXT),
    nullable("remark", TEXT),
    nullable("voucher", TEXT),
];

/// Registers both classes.
pub fn register_all() -> ext_php_rs::error::Result<()> {
    const ARRAY: Option<Returns> = Some(Returns(DataType::Array, false));
    let interfaces = [(value::json_serializable as _, "\\JsonSerializable")];
    let json = || method!("jsonSerialize", value::json_serialize, [], ARRAY);
    lazy::register::<PhpBillRow>(
        &TRADES,
        &[method!("fields", fields_of_trade, [], ARRAY), json()],
        &interfaces,
    )?;
    lazy::register::<PhpFundFlowRow>(
        &FLOWS,
        &[
            method!("fields", fields_of_flow, [], ARRAY),
            method!("isIncome", is_income, [], Some(Returns(DataType::Bool, false))),
            method!("remarkUnescaped", remark_unescaped, [], Some(Returns(TEXT, true))),
            json(),
        ],
        &interfaces,
    )
}

/// A PHP `BillRow`.
pub fn trade(row: KeptRow) -> Outcome {
    value::object(PhpBillRow(row), [])
}

/// A PHP `FundFlowRow`.
pub fn flow(row: KeptRow) -> Outcome {
    value::object(PhpFundFlowRow(row), [])
}

impl Lazy for PhpBillRow {
    fn value(&self, property: usize) -> Outcome {
        Field::OF_TRADES.get(property).map_or_else(|| Ok(Zval::null()), |field| cell(&self.0.row(), *field))
    }
}

impl Lazy for PhpFundFlowRow {
    fn value(&self, property: usize) -> Outcome {
        Field::OF_FLOWS.get(property).map_or_else(|| Ok(Zval::null()), |field| cell(&self.0.row(), *field))
    }
}

fn cell(row: &Row<'_>, field: Field) -> Outcome {
    match field.form() {
        _ if field == Field::TradeState => {
            Ok(enums::to_php(TradeState::from_wire(row.text(field).unwrap_or_default())))
        }
        Form::Fen | Form::FeeE5 => Ok(value::int_or_null(row.number_of(field))),
        Form::NeededTime | Form::Time => value::beijing_or_null(row.time(field)),
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
