//! What WeChat answers instead of a bill: a small XML message that nobody signed (docs/protocol.md E.1, E.3).

use crate::clock::BEIJING;
use crate::error::Error;
use crate::wire::v2::fields::Fields;
use crate::wire::v2::xml::{self, Root};
use std::fmt;
use time::{Date, OffsetDateTime, Time};

/// The hour from which a bill of the day before is there, in Beijing.
const READY_HOUR: u8 = 10;

/// The answer, as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoBillAnswer {
    /// `error_code`, else `err_code`.
    pub err_code: Option<String>,
    /// `return_msg` when `return_code` is FAIL, else `err_code_des`.
    pub message: Option<String>,
}

/// What it means for the day that was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meaning {
    /// There was no trade that day, and there will be no bill.
    EmptyDay,
    /// The bill may yet come: ask again later.
    NotReady,
    /// The call failed.
    Fault,
}

impl NoBillAnswer {
    /// Reads a document that begins with `<`; anything but a whole answer is no bill.
    pub fn read(document: &[u8]) -> Option<Self> {
        let told = xml::decode(document, Root::Xml).ok().filter(|fields| fields.get("return_code").is_some());
        told.map(|fields| Self::of(&fields))
    }

    fn of(fields: &Fields) -> Self {
        let text = |name: &str| fields.get(name).filter(|text| !text.is_empty()).map(str::to_owned);
        let refused = fields.get("return_code") == Some("FAIL");
        Self {
            err_code: text("error_code").or_else(|| text("err_code")),
            message: if refused { text("return_msg") } else { text("err_code_des") },
        }
    }

    fn says(&self, code: &str, message: &str) -> bool {
        let same = |text: &Option<String>, word: &str| {
            text.as_deref().is_some_and(|text| text.trim().eq_ignore_ascii_case(word))
        };
        same(&self.err_code, code) || same(&self.message, message)
    }

    fn says_no_bill(&self) -> bool {
        self.says("20002", "no bill exist") || self.says("NO_BILL_EXIST", "no bill exist")
    }

    fn says_creating(&self) -> bool {
        self.says("BILL_CREATING", "bill creating")
    }

    /// What it means now, when the bill of `day` was asked for.
    pub fn meaning(&self, day: Date, now: OffsetDateTime) -> Meaning {
        if self.says_creating() {
            Meaning::NotReady
        } else if !self.says_no_bill() {
            Meaning::Fault
        } else if now >= ready_at(day) {
            Meaning::EmptyDay
        } else {
            Meaning::NotReady
        }
    }
}

/// When the bill of a day is there: 10:00 of the next one.
pub fn ready_at(day: Date) -> OffsetDateTime {
    let next = day.next_day().unwrap_or(day);
    let hour = Time::from_hms(READY_HOUR, 0, 0).unwrap_or(Time::MIDNIGHT);
    next.with_time(hour).assume_offset(BEIJING)
}

impl fmt::Display for NoBillAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.err_code, &self.message) {
            (Some(code), Some(message)) => write!(f, "{code}: {message}"),
            (Some(text), None) | (None, Some(text)) => f.write_str(text),
            (None, None) => f.write_str("without a reason"),
        }
    }
}

impl From<NoBillAnswer> for Error {
    /// The wire's word where there is one, else the one that the message stands for.
    fn from(answer: NoBillAnswer) -> Self {
        let word = if answer.says_no_bill() {
            "NO_BILL_EXIST"
        } else if answer.says_creating() {
            "BILL_CREATING"
        } else {
            ""
        };
        let err_code = answer.err_code.unwrap_or_else(|| word.to_owned());
        Self::service(err_code, answer.message)
    }
}
