//! An order in the gateway's book, its states and its payment.

use super::clock::{self, DAY, HOUR};
use super::document::XmlDocument;
use super::signer::SignMethod;
use serde_json::{Value, json};

/// What has become of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PlacedState {
    /// Placed, not paid.
    NotPay,
    /// The payer is asked for the password.
    UserPaying,
    /// Accepted, the deduction is pending.
    Accept,
    /// Paid.
    Success,
    /// Paid, and at least one refund was entered.
    Refund,
    /// Closed unpaid.
    Closed,
    /// Reversed.
    Revoked,
    /// The payment failed.
    PayError,
    /// A word that WeChat does not document; only the control sets it.
    Other(String),
}

impl PlacedState {
    /// Reads the wire's word; any word is a state.
    pub fn named(word: &str) -> Self {
        match word {
            "NOTPAY" => Self::NotPay,
            "USERPAYING" => Self::UserPaying,
            "ACCEPT" => Self::Accept,
            "SUCCESS" => Self::Success,
            "REFUND" => Self::Refund,
            "CLOSED" => Self::Closed,
            "REVOKED" => Self::Revoked,
            "PAYERROR" => Self::PayError,
            other => Self::Other(other.to_owned()),
        }
    }

    /// The wire's word.
    pub fn name(&self) -> &str {
        match self {
            Self::NotPay => "NOTPAY",
            Self::UserPaying => "USERPAYING",
            Self::Accept => "ACCEPT",
            Self::Success => "SUCCESS",
            Self::Refund => "REFUND",
            Self::Closed => "CLOSED",
            Self::Revoked => "REVOKED",
            Self::PayError => "PAYERROR",
            Self::Other(word) => word,
        }
    }

    /// The text of `trade_state_desc`.
    pub fn description(&self) -> &'static str {
        match self {
            Self::NotPay => "订单未支付",
            Self::UserPaying => "需要用户输入支付密码",
            Self::Accept => "已接收，等待扣款",
            Self::Success => "支付成功",
            Self::Refund => "订单发生过退款，退款详情请查询退款单",
            Self::Closed => "订单已关闭",
            Self::Revoked => "订单已撤销",
            Self::PayError => "支付失败，请撤销订单",
            Self::Other(_) => "未知状态",
        }
    }

    /// SUCCESS and REFUND carry the block of the payment.
    pub fn is_paid(&self) -> bool {
        matches!(self, Self::Success | Self::Refund)
    }

    /// States in which a payer can still pay.
    pub fn may_be_paid(&self) -> bool {
        matches!(self, Self::NotPay | Self::UserPaying | Self::Accept)
    }
}

/// What a code payment that waits for its payer comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScheduledEvent {
    /// He types the password: SUCCESS.
    Pays,
    /// The payment fails: PAYERROR.
    Fails,
    /// He does nothing: NOTPAY.
    Lapses,
}

/// A coupon that took part in a payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaidCoupon {
    /// `coupon_id_$n`.
    pub id: String,
    /// CASH, NO_CASH, or empty when WeChat leaves it out.
    pub kind: String,
    /// `coupon_fee_$n` in fen.
    pub fee: i64,
}

/// How a payer pays, as far as the control says.
#[derive(Debug, Default)]
pub struct PaymentDetails {
    /// Coupons in order.
    pub coupons: Vec<PaidCoupon>,
    /// Overrides what total_fee less the coupons leaves.
    pub cash_fee: Option<i64>,
    /// `bank_type`; OTHERS when absent.
    pub bank_type: Option<String>,
    /// The payer; the order's, or one made up.
    pub openid: Option<String>,
    /// 28 digits when absent.
    pub transaction_id: Option<String>,
    /// The JSON of `promotion_detail`.
    pub promotion: Option<String>,
}

/// What the payer did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlacedPayment {
    /// 28 digits.
    pub transaction_id: String,
    /// When, on the virtual clock.
    pub paid_ms: i64,
    /// `bank_type`.
    pub bank_type: String,
    /// The payer under the appid.
    pub openid: String,
    /// What the payer gave himself.
    pub cash_fee: i64,
    /// Coupons, in order.
    pub coupons: Vec<PaidCoupon>,
    /// The JSON text of `promotion_detail`.
    pub promotion: Option<String>,
}

impl PlacedPayment {
    /// The sum of all coupons.
    pub fn coupon_fee(&self) -> i64 {
        self.coupons.iter().map(|coupon| coupon.fee).sum()
    }

    /// What is settled when coupons that bring the merchant no money were used.
    pub fn settlement(&self, total_fee: i64) -> Option<i64> {
        let free = self.coupons.iter().filter(|c| c.kind == "NO_CASH");
        let sum: i64 = free.map(|coupon| coupon.fee).sum();
        (sum > 0).then_some(total_fee - sum)
    }

    /// Writes the coupons, and what is settled.
    pub fn write_coupons(&self, document: &mut XmlDocument, total_fee: i64) {
        if self.coupons.is_empty() {
            return;
        }
        document.integer("coupon_fee", self.coupon_fee());
        let count = i64::try_from(self.coupons.len()).unwrap_or(i64::MAX);
        document.integer("coupon_count", count);
        for (n, coupon) in self.coupons.iter().enumerate() {
            document.text(&format!("coupon_id_{n}"), &coupon.id);
            document.integer(&format!("coupon_fee_{n}"), coupon.fee);
            document.text_if_any(&format!("coupon_type_{n}"), &coupon.kind);
        }
        if let Some(settlement) = self.settlement(total_fee) {
            document.integer("settlement_total_fee", settlement);
        }
    }
}

/// The code of a Native order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderCode {
    /// `code_url`
    pub url: String,
    /// When it was made, on the virtual clock; it lives for two hours.
    pub made_ms: i64,
}

impl OrderCode {
    /// Does WeChat still open the order that it leads to?
    pub fn lives(&self, now: i64) -> bool {
        now < self.made_ms + 2 * HOUR
    }
}

/// One order of one merchant.
#[derive(Debug, Clone)]
pub struct PlacedOrder {
    /// The appid that placed it.
    pub appid: String,
    /// The merchant.
    pub mch_id: String,
    /// The sub-merchant's appid, or empty.
    pub sub_appid: String,
    /// The sub-merchant, or empty. Part of the order's identity.
    pub sub_mch_id: String,
    /// The merchant's number.
    pub out_trade_no: String,
    /// Fen.
    pub total_fee: i64,
    /// CNY.
    pub fee_type: String,
    /// NATIVE, JSAPI, APP, MWEB, MICROPAY ...
    pub trade_type: String,
    /// What has become of it.
    pub state: PlacedState,
    /// The goods.
    pub body: String,
    /// The merchant's own text.
    pub attach: String,
    /// The till.
    pub device_info: String,
    /// The payer who was named when the order was placed, or empty.
    pub openid: String,
    /// The payer under the sub-merchant's appid, or empty.
    pub sub_openid: String,
    /// Where the payment notice goes, or empty.
    pub notify_url: String,
    /// How the order was signed; its notices are signed alike.
    pub method: SignMethod,
    /// On the virtual clock.
    pub created_ms: i64,
    /// `time_expire` on the virtual clock.
    pub expires_ms: Option<i64>,
    /// The parameters of the creating call, compared when it is repeated.
    pub terms: Vec<(String, String)>,
    /// The last prepay_id.
    pub prepay_id: String,
    /// The code that a payer scans, of an order with one.
    pub code: Option<OrderCode>,
    /// The payment, once there was one.
    pub payment: Option<PlacedPayment>,
    /// What will become of a code payment, and when.
    pub fate: Option<(i64, ScheduledEvent)>,
}

impl PlacedOrder {
    /// The payer has paid: it becomes SUCCESS. The number and the payer hold where the details name no other.
    pub fn pay(&mut self, now: i64, details: PaymentDetails, transaction_id: String, openid: String) {
        let coupon_fee: i64 = details.coupons.iter().map(|coupon| coupon.fee).sum();
        let named = Some(self.openid.clone()).filter(|openid| !openid.is_empty());
        self.payment = Some(PlacedPayment {
            transaction_id: details.transaction_id.unwrap_or(transaction_id),
            paid_ms: now,
            bank_type: details.bank_type.unwrap_or_else(|| "OTHERS".to_owned()),
            openid: details.openid.or(named).unwrap_or(openid),
            cash_fee: details.cash_fee.unwrap_or(self.total_fee - coupon_fee),
            coupons: details.coupons,
            promotion: details.promotion,
        });
        self.state = PlacedState::Success;
        self.fate = None;
    }

    /// Closes an unpaid order whose time is over.
    pub fn expire(&mut self, now: i64) {
        let end = self.expires_ms.unwrap_or(self.created_ms + 7 * DAY);
        if self.state == PlacedState::NotPay && now >= end {
            self.state = PlacedState::Closed;
        }
    }

    /// The fate that is due by now, taken from the order.
    pub fn take_due_fate(&mut self, now: i64) -> Option<(i64, ScheduledEvent)> {
        let due = self.fate.filter(|(at, _)| *at <= now)?;
        self.fate = None;
        Some(due).filter(|_| self.state == PlacedState::UserPaying)
    }

    /// The transaction number, empty until paid.
    pub fn transaction_id(&self) -> &str {
        self.payment.as_ref().map_or("", |payment| payment.transaction_id.as_str())
    }

    /// The order as the control shows it.
    pub fn shown(&self) -> Value {
        json!({
            "out_trade_no": self.out_trade_no,
            "trade_state": self.state.name(),
            "total_fee": self.total_fee,
            "trade_type": self.trade_type,
            "appid": self.appid,
            "mch_id": self.mch_id,
            "sub_appid": self.sub_appid,
            "sub_mch_id": self.sub_mch_id,
            "body": self.body,
            "attach": self.attach,
            "device_info": self.device_info,
            "notify_url": self.notify_url,
            "prepay_id": self.prepay_id,
            "code_url": self.code.as_ref().map(|code| code.url.as_str()),
            "created": clock::compact(self.created_ms),
            "payment": self.payment.as_ref().map(shown_payment),
        })
    }
}

fn shown_payment(payment: &PlacedPayment) -> Value {
    let coupons: Vec<_> = payment
        .coupons
        .iter()
        .map(|coupon| json!({"id": coupon.id, "type": coupon.kind, "fee": coupon.fee}))
        .collect();
    json!({
        "transaction_id": payment.transaction_id,
        "time_end": clock::compact(payment.paid_ms),
        "bank_type": payment.bank_type,
        "openid": payment.openid,
        "cash_fee": payment.cash_fee,
        "coupon_fee": payment.coupon_fee(),
        "coupons": coupons,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_of_a_state_reads_back() {
        for word in ["NOTPAY", "USERPAYING", "ACCEPT", "SUCCESS", "REFUND", "CLOSED", "REVOKED"] {
            assert_eq!(PlacedState::named(word).name(), word);
        }
        assert_eq!(PlacedState::named("NONSENSE"), PlacedState::Other("NONSENSE".to_owned()));
        assert!(PlacedState::Refund.is_paid() && !PlacedState::Refund.may_be_paid());
    }

    #[test]
    fn only_no_cash_coupons_lower_the_settlement() {
        let coupon = |kind: &str, fee| PaidCoupon { id: "1".into(), kind: kind.into(), fee };
        let mut payment = PlacedPayment {
            transaction_id: String::new(),
            paid_ms: 0,
            bank_type: String::new(),
            openid: String::new(),
            cash_fee: 70,
            coupons: vec![coupon("CASH", 20), coupon("NO_CASH", 10)],
            promotion: None,
        };
        assert_eq!((payment.coupon_fee(), payment.settlement(100)), (30, Some(90)));
        payment.coupons.pop();
        assert_eq!(payment.settlement(100), None);
    }
}
