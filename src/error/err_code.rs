//! WeChat's `err_code`s, one row each: whatever depends on a code asks here (protocol.md C.0-C.7, D.6, E).

/// What a verified refusal says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrCode {
    /// WeChat failed itself, the outcome is open: the same call again, with the same numbers.
    SystemError,
    /// The bank failed, the outcome is open.
    BankError,
    /// The payer types the password.
    UserPaying,
    /// Too many calls; this one was not accepted.
    Limited,
    /// There is no bill, or not yet.
    NoBill,
    /// No such order.
    OrderNotExist,
    /// No such refund.
    RefundNotExist,
    /// The order is closed.
    OrderClosed,
    /// The number belongs to an order that was paid, or is another one.
    NumberUsed,
    /// Key, certificate, ids or rights are wrong.
    Configuration,
    /// The call is wrong, or came too often, or without a certificate: only its words tell (protocol.md C.0).
    InvalidRequest,
    /// The call is wrong in what it says.
    BadParameter,
    /// The call is wrong in its form.
    BadCall,
    /// The money does not suffice: the payer's, or the merchant's when it goes back.
    NotEnough,
    /// The payer can help: another code, another card.
    AskPayer,
    /// No call helps.
    Final,
    /// Any other word: what it means is not known.
    Unknown,
}

impl ErrCode {
    /// What this word says.
    pub fn of(code: &str) -> Self {
        match code {
            "SYSTEMERROR" | "SYSTEM_ERROR" | "SERVICE_UNAVAILABLE" | "BIZERR_NEED_RETRY" => Self::SystemError,
            "BANKERROR" | "BANK_ERROR" => Self::BankError,
            "USERPAYING" | "USER_PAYING" => Self::UserPaying,
            "FREQUENCY_LIMITED"
            | "FREQ_LIMIT"
            | "RATELIMIT_EXCEEDED"
            | "RATE_LIMITED"
            | "INVALID_REQ_TOO_MUCH" => Self::Limited,
            "20002" | "NO_BILL_EXIST" | "BILL_CREATING" | "STATEMENT_CREATING" => Self::NoBill,
            "ORDERNOTEXIST" | "ORDER_NOT_EXIST" => Self::OrderNotExist,
            "REFUNDNOTEXIST" | "RESOURCE_NOT_EXISTS" => Self::RefundNotExist,
            "ORDERCLOSED" | "ORDER_CLOSED" => Self::OrderClosed,
            "ORDERPAID" | "ORDER_PAID" | "OUT_TRADE_NO_USED" => Self::NumberUsed,
            "SIGNERROR" | "SIGN_ERROR" | "CERT_ERROR" | "CA_ERROR" | "NOAUTH" | "NO_AUTH" => {
                Self::Configuration
            }
            "APPID_NOT_EXIST" | "MCHID_NOT_EXIST" | "MCH_NOT_EXISTS" | "APPID_MCHID_NOT_MATCH" => {
                Self::Configuration
            }
            "INVALID_REQUEST" => Self::InvalidRequest,
            "PARAM_ERROR" | "INVALID_TRANSACTIONID" => Self::BadParameter,
            "XML_FORMAT_ERROR"
            | "REQUIRE_POST_METHOD"
            | "POST_DATA_EMPTY"
            | "NOT_UTF8"
            | "LACK_PARAMS"
            | "20001" => Self::BadCall,
            "NOTENOUGH" | "NOT_ENOUGH" => Self::NotEnough,
            "AUTHCODEEXPIRE" | "AUTH_CODE_ERROR" | "AUTH_CODE_INVALID" | "NOTSUPORTCARD" => Self::AskPayer,
            "ORDERREVERSED" | "TRADE_ERROR" | "BUYER_MISMATCH" => Self::AskPayer,
            "TRADE_OVERDUE"
            | "USER_ACCOUNT_ABNORMAL"
            | "REVERSE_EXPIRE"
            | "ERROR"
            | "ACCOUNT_ERROR"
            | "RULE_LIMIT"
            | "NO_STATEMENT_EXIST" => Self::Final,
            _ => Self::Unknown,
        }
    }

    /// Does it end a sale by the payer's code: nothing was charged, and asking again changes nothing (protocol.md
    /// C.6, "ask the user again" and "definite")?
    pub fn ends_a_sale(self) -> bool {
        use ErrCode::{
            AskPayer, BadCall, BadParameter, Configuration, InvalidRequest, NotEnough, OrderClosed,
        };
        matches!(
            self,
            AskPayer | BadCall | BadParameter | Configuration | InvalidRequest | NotEnough | OrderClosed
        )
    }
}
