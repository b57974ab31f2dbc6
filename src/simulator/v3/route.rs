//! Which call a request makes, by its path and method.

use super::super::calls::decoded;
use super::super::request::Request;

/// The call of v2 that tells of refunds.
pub const REFUND_QUERY: &str = "/pay/refundquery";

/// The call of v2 that tells of an order.
pub const ORDER_QUERY: &str = "/pay/orderquery";

/// One call of APIv3, for a merchant or for a service provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// What is called.
    pub call: V3Call,
    /// Is it the service provider's?
    pub is_partner: bool,
}

/// The calls that are known here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum V3Call {
    /// An order of v2's trade type.
    Order(&'static str),
    /// By the shop's number.
    Query(String),
    /// By WeChat's number.
    QueryById(String),
    /// Closes.
    Close(String),
    /// Charges a payer's code.
    CodePay,
    /// Takes a code payment back.
    Reverse(String),
    /// Refunds.
    Refund,
    /// By the shop's refund number.
    RefundQuery(String),
    /// The link to a bill: the call of v2 that makes it.
    Bill(&'static str),
    /// The file behind a link, by its token.
    File(String),
    /// The platform's certificates.
    Certificates,
}

impl Route {
    /// The call, or the status of a page without words.
    pub fn of(request: &Request) -> Result<Self, u16> {
        let parts: Vec<String> = request.path.split('/').skip(1).map(decoded).collect();
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        let (is_partner, rest) = match parts.as_slice() {
            ["v3", "pay", "partner", "transactions", rest @ ..] => (true, rest),
            ["v3", "pay", "transactions", rest @ ..] => (false, rest),
            ["v3", "refund", "domestic", "refunds", ..]
            | ["v3", "bill" | "billdownload", _]
            | ["v3", "certificates"] => (false, parts.as_slice()),
            _ => return Err(404),
        };
        let (verb, call) = match rest {
            ["native"] => ("POST", V3Call::Order("NATIVE")),
            ["jsapi"] => ("POST", V3Call::Order("JSAPI")),
            ["app"] => ("POST", V3Call::Order("APP")),
            ["h5"] => ("POST", V3Call::Order("MWEB")),
            ["codepay"] => ("POST", V3Call::CodePay),
            ["out-trade-no", number] => ("GET", V3Call::Query((*number).to_owned())),
            ["out-trade-no", number, "close"] => ("POST", V3Call::Close((*number).to_owned())),
            ["out-trade-no", number, "reverse"] => ("POST", V3Call::Reverse((*number).to_owned())),
            ["id", number] => ("GET", V3Call::QueryById((*number).to_owned())),
            ["v3", "certificates"] => ("GET", V3Call::Certificates),
            ["v3", "bill", "tradebill"] => ("GET", V3Call::Bill("/pay/downloadbill")),
            ["v3", "bill", "fundflowbill"] => ("GET", V3Call::Bill("/pay/downloadfundflow")),
            ["v3", "billdownload", "file"] => ("GET", V3Call::File(token(&request.target))),
            ["v3", _, _, _] => ("POST", V3Call::Refund),
            ["v3", _, _, _, number] => ("GET", V3Call::RefundQuery((*number).to_owned())),
            _ => return Err(404),
        };
        if request.verb == verb { Ok(Self { call, is_partner }) } else { Err(405) }
    }

    /// Those do not look at `Accept` and `User-Agent`, and have words of their own.
    pub fn is_about_orders(&self) -> bool {
        matches!(self.call, V3Call::Query(_) | V3Call::QueryById(_) | V3Call::Close(_))
            || self.names_the_app()
    }

    /// Those must name the app.
    pub fn names_the_app(&self) -> bool {
        matches!(self.call, V3Call::Order(_) | V3Call::CodePay | V3Call::Reverse(_))
    }

    /// Is its answer signed with the key that the request names?
    pub fn is_answered_with_the_key(&self) -> bool {
        !matches!(self.call, V3Call::File(_) | V3Call::Certificates)
    }

    /// The path of the call of v2 that does the work.
    pub fn in_v2(&self) -> &'static str {
        match self.call {
            V3Call::Order(_) => "/pay/unifiedorder",
            V3Call::Query(_) | V3Call::QueryById(_) => ORDER_QUERY,
            V3Call::Close(_) => "/pay/closeorder",
            V3Call::CodePay => "/pay/micropay",
            V3Call::Reverse(_) => "/secapi/pay/reverse",
            V3Call::Refund => "/secapi/pay/refund",
            V3Call::RefundQuery(_) => REFUND_QUERY,
            V3Call::Bill(path) => path,
            V3Call::File(_) | V3Call::Certificates => "",
        }
    }
}

fn token(target: &str) -> String {
    let query = target.split_once('?').map_or("", |(_, query)| query);
    let token = query.split('&').find_map(|pair| pair.strip_prefix("token="));
    token.unwrap_or_default().to_owned()
}
