//! What can go wrong, who is to blame and what to do next.
//!
//! [`Error`] says what happened; [`Fault`] adds what it means for the call it happened to. The classes are
//! those of decisions.md 1.1, the advice follows the tables of protocol.md C.0-C.7 and D.6.

pub mod err_code;

pub use err_code::ErrCode;

use crate::model::argument::BadArgument;
use crate::model::merchant::NotV2;
use crate::model::order::Order;
use crate::model::ours::NotOurs;
use crate::model::v3_keys::UnusableKeys;
use crate::wire::v2::read::FieldError;
use crate::wire::v2::sign::{NotVerified, SignatureError};
use crate::wire::v2::split::Split;
use crate::wire::v2::xml::XmlError;
use crate::wire::v3::json::{JsonError, JsonObject};
use crate::wire::v3::signature::HeaderError;

/// What to do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Advice {
    /// Make the same call again, with the same numbers.
    Retry,
    /// Ask what became of the order before doing anything else.
    QueryOrder,
    /// The call itself is wrong: change its arguments.
    FixCall,
    /// Key, certificate, account or addresses are wrong: nothing works until that is mended.
    FixConfiguration,
    /// The payer can help: a new code, another card, the password.
    AskPayer,
    /// Nothing is wrong but the moment: try the same again later.
    Wait,
    /// No call will help; settle it by hand or with a new order.
    GiveUp,
}

/// How often a call may be sent without harm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repeat {
    /// It only asks: it may be sent any number of times.
    Query,
    /// It acts, but the same numbers act once only.
    SameNumbers,
    /// It acts, and a second one may act again.
    Never,
}

/// Where on its way a request was lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// The host name has no address, or none came in time.
    Dns,
    /// No connection, or no finished TLS handshake within the connect deadline.
    Connect,
    /// The configured proxy was not reached, or did not answer.
    Proxy,
    /// The configured proxy does not let us through: user, password, its rules, or no HTTP proxy at all. Never retried.
    Barred,
    /// The peer is not who it says it is. Never retried.
    Tls,
    /// The peer refused our client certificate before it looked at the call. Never retried.
    Certificate,
    /// Sent (in part at least), but no complete answer came.
    Answer,
    /// An HTTP status other than 200.
    Status(u16),
    /// The answer is no HTTP, or larger than allowed.
    Protocol,
    /// The list of certificates did not come that the call or its answer needs.
    Certificates,
}

impl Phase {
    /// Does it stay so until the operator mends something?
    pub fn is_for_the_operator(self) -> bool {
        matches!(self, Self::Tls | Self::Barred | Self::Certificate)
    }
}

/// No complete HTTP 200 answer within the limits.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct TransportError {
    /// Where it broke.
    pub phase: Phase,
    /// A sentence for people: host, what happened, what may help.
    pub message: String,
    /// Did at least one byte of the request leave us?
    pub sent: bool,
    /// `Retry-After` of the answer, in milliseconds.
    pub retry_after_ms: Option<u64>,
    /// Did an older connection carry it? `None` if no connection was reached.
    pub reused: Option<bool>,
}

/// What happened.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The caller's: an argument that no call could use. PHP sees a `ValueError`.
    #[error(transparent)]
    Argument(#[from] BadArgument),
    /// The operator's: certificate, key file or address. Nothing was sent.
    #[error("{0}")]
    Configuration(String),
    /// The network's or the gateway's.
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// An answer that is not what WeChat Pay says.
    #[error("the message cannot be read: {0}")]
    Malformed(String),
    /// A bill that is not what WeChat Pay's bills are: damaged, of another layout, or it does not add up.
    #[error("{0}")]
    Bill(String),
    /// Signed, but what was signed could also be another message.
    #[error("the message cannot be read, nothing of it is believed: {0}")]
    Split(#[from] Split),
    /// `return_code` is not SUCCESS: an unsigned refusal that says nothing about any order.
    #[error("WeChat Pay refused the call (return_code is not SUCCESS){}", reasoned(.return_msg))]
    Gateway {
        /// Does it say that WeChat failed itself, whatever was asked?
        system_error: bool,
        /// `return_msg`, and what else it said, as it came; empty if it gave no reason.
        return_msg: String,
    },
    /// Nobody proved to be WeChat Pay. Never believed, never retried.
    #[error("the answer was refused: {0}")]
    Signature(#[from] SignatureError),
    /// The same in APIv3.
    #[error("the answer was refused: {0}")]
    Headers(#[from] HeaderError),
    /// A refusal in APIv3 that nobody has signed, and that says nothing about any order.
    #[error("WeChat Pay refused the call, and did not sign that: {}", described(.code, .message.as_deref()))]
    Unsigned {
        /// `code`.
        code: String,
        /// `message`.
        message: Option<String>,
    },
    /// Verified, but it speaks of another merchant or order.
    #[error("the answer is genuine, but its {field} is not ours: asked for {asked}, got {got}")]
    Mismatch {
        /// The field that differs.
        field: String,
        /// What we asked for.
        asked: String,
        /// What came.
        got: String,
    },
    /// `result_code` FAIL, verified: WeChat Pay's word. What it says instead of a bill is signed by nobody.
    #[error("{}", described(.err_code, .err_code_des.as_deref()))]
    Service {
        /// `err_code`.
        err_code: String,
        /// `err_code_des`.
        err_code_des: Option<String>,
        /// What APIv3 adds to it.
        more: Option<Box<RefusalDetail>>,
    },
    /// The end of a payment is not known.
    #[error("{message}")]
    Undecided {
        /// What was tried.
        message: String,
        /// The last order seen.
        last_seen: Option<Box<Order>>,
        /// Was a reverse accepted?
        reversed: bool,
        /// The fault that left it open.
        cause: Option<Box<Fault>>,
    },
}

/// What a refusal of APIv3 tells beyond code and message.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RefusalDetail {
    /// The HTTP status: 429 says "too often" whatever the code is.
    pub status: u16,
    /// `Retry-After`, in milliseconds.
    pub retry_after_ms: Option<u64>,
    /// `detail`: which field is wrong, and why.
    pub detail: Option<JsonObject>,
    /// `Request-ID`, which WeChat Pay's support asks for.
    pub request_id: Option<String>,
}

impl Error {
    /// A verified refusal of a code and what it says for people.
    pub fn service(err_code: impl Into<String>, err_code_des: Option<String>) -> Self {
        Self::Service { err_code: err_code.into(), err_code_des, more: None }
    }

    /// What an unsigned refusal said, as it came.
    pub fn gateway(return_msg: String) -> Self {
        Self::Gateway { system_error: return_msg.starts_with("SYSTEMERROR"), return_msg }
    }

    /// What the verified `err_code` says, or the status of its answer, if that is what happened.
    pub fn code(&self) -> Option<ErrCode> {
        match self {
            Self::Service { more: Some(more), .. } if more.status == 429 => Some(ErrCode::Limited),
            Self::Service { err_code, .. } => Some(ErrCode::of(err_code)),
            _ => None,
        }
    }
}

fn reasoned(return_msg: &str) -> String {
    if return_msg.is_empty() { " and gave no reason".into() } else { format!(": {return_msg}") }
}

fn described(code: &str, des: Option<&str>) -> String {
    match des {
        Some(des) if code.is_empty() => des.to_owned(),
        Some(des) => format!("{code}: {des}"),
        None => code.to_owned(),
    }
}

impl From<NotVerified> for Error {
    fn from(e: NotVerified) -> Self {
        match e {
            NotVerified::Sign(e) => Self::Signature(e),
            NotVerified::Split(e) => Self::Split(e),
        }
    }
}

impl From<NotOurs> for Error {
    fn from(e: NotOurs) -> Self {
        Self::Mismatch { field: e.field, asked: e.asked, got: e.got }
    }
}

impl From<XmlError> for Error {
    fn from(e: XmlError) -> Self {
        Self::Malformed(e.to_string())
    }
}

impl From<JsonError> for Error {
    fn from(e: JsonError) -> Self {
        Self::Malformed(e.to_string())
    }
}

impl From<UnusableKeys> for Error {
    fn from(e: UnusableKeys) -> Self {
        Self::Configuration(e.to_string())
    }
}

impl From<NotV2> for Error {
    fn from(e: NotV2) -> Self {
        Self::Configuration(e.to_string())
    }
}

impl From<FieldError> for Error {
    fn from(e: FieldError) -> Self {
        Self::Malformed(e.to_string())
    }
}

/// An error as it met one call: what to do, whether the call may be made again, whether it may have acted.
#[derive(Debug, Clone)]
pub struct Fault {
    /// What happened.
    pub error: Error,
    /// What to do next.
    pub advice: Advice,
    /// The very same call is safe and may help.
    pub retryable: bool,
    /// The gateway could have acted on the call.
    pub maybe_processed: bool,
    /// The ledger wants it still, and carries it on by itself.
    pub still_wanted: bool,
    /// The order it was about.
    pub out_trade_no: Option<String>,
}

impl Fault {
    /// Weighs an error against what its call does.
    pub fn new(error: Error, repeat: Repeat, out_trade_no: Option<&str>) -> Self {
        let verdict = Verdict::of(&error, repeat);
        let acts = repeat != Repeat::Query;
        // What was not even accepted may be sent again; what may have acted must be asked about.
        let might_act_twice = repeat == Repeat::Never && verdict.may_have_acted;
        let advice = match verdict.advice {
            Advice::Retry | Advice::Wait if might_act_twice => Advice::QueryOrder,
            advice => advice,
        };
        Self {
            advice,
            retryable: verdict.retryable && !might_act_twice,
            maybe_processed: acts && verdict.may_have_acted,
            still_wanted: false,
            out_trade_no: out_trade_no.map(str::to_owned),
            error,
        }
    }

    /// Weighs an error in a message that was pushed to us: reading it again helps nobody.
    pub fn of_notice(error: Error) -> Self {
        let advice = match &error {
            Error::Mismatch { .. } | Error::Signature(_) | Error::Headers(_) => Advice::FixConfiguration,
            Error::Service { .. } | Error::Split(_) => Advice::QueryOrder,
            Error::Configuration(_) => Advice::FixConfiguration,
            // It could not be judged: it comes again.
            Error::Transport(_) => Advice::Wait,
            _ => Advice::FixCall,
        };
        Self { advice, retryable: false, ..Self::new(error, Repeat::Query, None) }
    }

    /// The same call was sent before and left open: what met the next send takes nothing back, not even a
    /// request that never left us.
    #[must_use]
    pub fn after_an_open_try(mut self) -> Self {
        if !self.maybe_processed && !self.retryable {
            self.advice = Advice::QueryOrder;
        }
        self.maybe_processed = true;
        self
    }

    /// What the verified `err_code` says, if that is what happened.
    pub fn code(&self) -> Option<ErrCode> {
        self.error.code()
    }
}

struct Verdict {
    advice: Advice,
    retryable: bool,
    may_have_acted: bool,
}

impl Verdict {
    const fn new(advice: Advice, retryable: bool, may_have_acted: bool) -> Self {
        Self { advice, retryable, may_have_acted }
    }

    fn of(error: &Error, repeat: Repeat) -> Self {
        let again = if repeat == Repeat::Query { Advice::Retry } else { Advice::QueryOrder };
        match error {
            Error::Argument(_) => Self::new(Advice::FixCall, false, false),
            Error::Configuration(_) => Self::new(Advice::FixConfiguration, false, false),
            Error::Transport(e) => Self::of_transport(e, again),
            Error::Malformed(_) | Error::Bill(_) | Error::Mismatch { .. } => Self::new(again, true, true),
            // Whoever asks again is told the same: a person has to look at the order.
            Error::Split(_) if repeat == Repeat::Query => Self::new(Advice::GiveUp, false, true),
            Error::Split(_) => Self::new(Advice::QueryOrder, false, true),
            Error::Gateway { return_msg, .. } => Self::of_refusal(return_msg),
            Error::Signature(_) | Error::Headers(_) => Self::new(Advice::FixConfiguration, false, true),
            Error::Unsigned { code, .. } => Self::of_unsigned(ErrCode::of(code), again),
            // Bills are refused without a code: only the words tell.
            Error::Service { err_code, err_code_des: Some(words), .. }
                if err_code.is_empty() && repeat == Repeat::Query =>
            {
                Self::of_refusal(words)
            }
            Error::Service { err_code_des, .. } => {
                let code = error.code().unwrap_or(ErrCode::Unknown);
                Self::of_code(code, again).read_closer(code, err_code_des.as_deref())
            }
            Error::Undecided { .. } => Self::new(Advice::QueryOrder, false, true),
        }
    }

    fn of_transport(e: &TransportError, again: Advice) -> Self {
        let advice = match e.phase {
            phase if phase.is_for_the_operator() => Advice::FixConfiguration,
            Phase::Status(300..=399) => Advice::FixConfiguration,
            Phase::Status(429) | Phase::Certificates => Advice::Wait,
            Phase::Status(400..=499) => Advice::FixCall,
            _ if !e.sent => Advice::Retry,
            _ => again,
        };
        let hopeless = matches!(advice, Advice::FixConfiguration | Advice::FixCall);
        Self::new(advice, !hopeless, e.sent && e.phase != Phase::Certificate)
    }

    /// `return_msg` is unsigned and free text: it may guide a person, it never decides about an order.
    fn of_refusal(return_msg: &str) -> Self {
        if is_configuration(return_msg) {
            Self::new(Advice::FixConfiguration, false, true)
        } else if is_too_often(return_msg) {
            Self::new(Advice::Wait, true, true)
        } else if is_trouble(return_msg) {
            Self::new(Advice::Retry, true, true)
        } else {
            Self::new(Advice::FixCall, false, true)
        }
    }

    /// A code that nobody has signed guides, as words do.
    fn of_unsigned(code: ErrCode, again: Advice) -> Self {
        match code {
            ErrCode::Configuration => Self::new(Advice::FixConfiguration, false, true),
            ErrCode::BadParameter | ErrCode::InvalidRequest => Self::new(Advice::FixCall, false, true),
            _ => Self::new(again, again == Advice::Retry, true),
        }
    }

    fn read_closer(self, code: ErrCode, words: Option<&str>) -> Self {
        match words.filter(|_| code == ErrCode::InvalidRequest) {
            Some(words) if is_certificate(words) => Self { advice: Advice::FixConfiguration, ..self },
            Some(words) if is_too_often(words) => Self { advice: Advice::Wait, retryable: true, ..self },
            _ => self,
        }
    }

    fn of_code(code: ErrCode, again: Advice) -> Self {
        use Advice::{AskPayer, FixCall, FixConfiguration, GiveUp, QueryOrder, Retry, Wait};
        match code {
            ErrCode::SystemError => Self::new(Retry, true, true),
            ErrCode::BankError | ErrCode::UserPaying => Self::new(QueryOrder, false, true),
            ErrCode::Limited | ErrCode::NoBill => Self::new(Wait, true, false),
            ErrCode::OrderNotExist if again == Retry => Self::new(Wait, true, false),
            ErrCode::NumberUsed | ErrCode::OrderNotExist => Self::new(QueryOrder, false, false),
            ErrCode::Configuration => Self::new(FixConfiguration, false, false),
            ErrCode::InvalidRequest | ErrCode::BadParameter | ErrCode::BadCall => {
                Self::new(FixCall, false, false)
            }
            ErrCode::OrderClosed | ErrCode::RefundNotExist => Self::new(FixCall, false, false),
            ErrCode::NotEnough | ErrCode::AskPayer => Self::new(AskPayer, false, false),
            ErrCode::Final => Self::new(GiveUp, false, false),
            ErrCode::Unknown => Self::new(again, again == Retry, true),
        }
    }
}

/// Do these words blame key, certificate, ids or rights? Names of codes are words, too: `CERT_ERROR`.
fn is_configuration(words: &str) -> bool {
    let lower = words.to_ascii_lowercase();
    let names = ["签名", "密钥", "商户号", "权限", "appid", "mch_id", "mchid", "noauth", "no_auth"];
    is_certificate(words)
        || names.iter().any(|name| lower.contains(name))
        || begins_a_word(&lower, &["sign", "signature", "signerror"])
}

/// Do these words say that WeChat Pay itself is in trouble?
fn is_trouble(words: &str) -> bool {
    let upper = words.to_ascii_uppercase();
    upper.contains("SYSTEMERROR") || upper.contains("COMPRESSGZIP") || words.contains("系统")
}

fn is_certificate(words: &str) -> bool {
    words.contains("证书")
        || begins_a_word(
            &words.to_ascii_lowercase(),
            &["cert", "certs", "certificate", "certificates", "ca", "ssl"],
        )
}

/// Do these words say that there were too many calls?
fn is_too_often(words: &str) -> bool {
    let lower = words.to_ascii_lowercase();
    let chinese = ["频率", "频繁", "频次", "过快"];
    let english = [
        "frequency",
        "freq_limit",
        "frequent",
        "too many",
        "ratelimit",
        "rate limit",
        "rate_limit",
        "too_much",
    ];
    chinese.iter().chain(&english).any(|name| lower.contains(name))
}

fn begins_a_word(lower: &str, wanted: &[&str]) -> bool {
    lower.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| wanted.contains(&word))
}

#[cfg(test)]
mod tests;
