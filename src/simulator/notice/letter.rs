//! What notices say: the payment under its sign, the refund under its cipher.

use super::super::clock;
use super::super::document::XmlDocument;
use super::super::order::{PlacedOrder, PlacedPayment};
use super::super::refund::PlacedRefund;
use super::super::signer::SignMethod;
use super::cipher;

/// A payment notice before it is signed.
#[derive(Debug, Clone)]
pub struct PaymentNoticeBody {
    /// The fields.
    pub document: XmlDocument,
    /// The merchant's key.
    pub key: String,
    /// The algorithm of the order.
    pub method: SignMethod,
}

impl PaymentNoticeBody {
    /// The notice of an order's payment, names in alphabetical order.
    pub fn of(order: &PlacedOrder, payment: &PlacedPayment, nonce: &str, key: &str) -> Self {
        let mut document = XmlDocument::default();
        identity(&mut document, order, nonce);
        document
            .text("return_code", "SUCCESS")
            .text("result_code", "SUCCESS")
            .text_if_any("device_info", &order.device_info)
            .text("openid", &payment.openid)
            .text("is_subscribe", "N")
            .text("trade_type", &order.trade_type)
            .text("bank_type", &payment.bank_type)
            .integer("total_fee", order.total_fee)
            .text("fee_type", &order.fee_type)
            .integer("cash_fee", payment.cash_fee)
            .text("transaction_id", &payment.transaction_id)
            .text("out_trade_no", &order.out_trade_no)
            .text_if_any("attach", &order.attach)
            .text("time_end", clock::compact(payment.paid_ms));
        if !order.sub_openid.is_empty() {
            document.text("sub_openid", &order.sub_openid).text("sub_is_subscribe", "N");
        }
        payment.write_coupons(&mut document, order.total_fee);
        document.sort();
        Self { document, key: key.to_owned(), method: order.method }
    }

    /// The bytes that are posted.
    pub fn body(&self) -> String {
        let mut document = self.document.clone();
        document.seal(&self.key, self.method);
        document.to_xml()
    }
}

fn identity(document: &mut XmlDocument, order: &PlacedOrder, nonce: &str) {
    document
        .text("appid", &order.appid)
        .text("mch_id", &order.mch_id)
        .text_if_any("sub_appid", &order.sub_appid)
        .text_if_any("sub_mch_id", &order.sub_mch_id)
        .text("nonce_str", nonce);
}

/// A refund notice before it is encrypted.
#[derive(Debug, Clone)]
pub struct RefundNoticeBody {
    /// The outer fields without `req_info`.
    pub outer: XmlDocument,
    /// The fields under the cipher.
    pub inner: XmlDocument,
    /// The merchant's key.
    pub key: String,
}

impl RefundNoticeBody {
    /// The notice of a refund's end.
    pub fn of(order: &PlacedOrder, refund: &PlacedRefund, nonce: &str, key: &str) -> Self {
        let mut outer = XmlDocument::default();
        outer.text("return_code", "SUCCESS");
        identity(&mut outer, order, nonce);
        Self { outer, inner: inner(order, refund), key: key.to_owned() }
    }

    /// The bytes that are posted.
    pub fn body(&self) -> String {
        self.with(cipher::req_info(&self.inner.under("root"), &self.key))
    }

    /// The same with a padding that cannot be.
    pub fn badly_padded(&self) -> String {
        self.with(cipher::badly_padded(&self.inner.under("root"), &self.key))
    }

    /// The same with a `req_info` of somebody's choice.
    pub fn with(&self, req_info: String) -> String {
        let mut document = self.outer.clone();
        document.text("req_info", req_info);
        document.to_xml()
    }
}

fn inner(order: &PlacedOrder, refund: &PlacedRefund) -> XmlDocument {
    let payment = order.payment.as_ref();
    let settled = payment.and_then(|payment| payment.settlement(order.total_fee));
    let mut inner = XmlDocument::default();
    inner
        .text("out_refund_no", &refund.out_refund_no)
        .text("out_trade_no", &order.out_trade_no)
        .text("refund_account", &refund.account)
        .text("refund_fee", refund.refund_fee.to_string())
        .text("refund_id", &refund.refund_id)
        .text("refund_recv_accout", "支付用户零钱")
        .text("refund_request_source", "API")
        .text("refund_status", refund.status.name())
        .text("settlement_refund_fee", refund.settlement().to_string())
        .text("settlement_total_fee", settled.unwrap_or(order.total_fee).to_string());
    if let Some(at) = refund.success_ms {
        inner.text("success_time", clock::spaced(at));
    }
    inner
        .text("cash_refund_fee", refund.cash_fee().to_string())
        .text("total_fee", order.total_fee.to_string())
        .text("transaction_id", order.transaction_id());
    inner.sort();
    inner
}
