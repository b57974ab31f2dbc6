//! What is asked of the gateway about an order, what it may answer, and who carries both.

use super::entry::{Entry, Ms, RefundRow, SETTLES};
use super::sighting::{Coverage, RefundSighting, Sighting};
use crate::model::merchant::ApiVersion;
use std::time::{Duration, Instant};

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// What became of the order.
    Order,
    /// What became of its refunds: of all, or of one.
    Refunds(Coverage),
    /// To close it.
    Close,
    /// To reverse it.
    Reverse,
    /// To refund.
    Refund(RefundRow),
}

/// One question to the gateway.
#[derive(Debug, Clone)]
pub struct Question {
    /// About this order, as it stood when it was read.
    pub entry: Entry,
    /// What.
    pub what: What,
    /// Since when it is wanted: before it was written down that it is about to be sent.
    pub since: Instant,
}

impl What {
    /// Does it do something, and not only ask?
    pub fn acts(&self) -> bool {
        !matches!(self, Self::Order | Self::Refunds(_))
    }
}

impl Question {
    /// Did a call that acts wait so long that it must not be sent? What is sent must be seen by WeChat before it is
    /// believed not to have arrived.
    pub fn is_stale(&self, waited: Duration) -> bool {
        self.what.acts() && waited.as_millis() > u128::from(SETTLES.unsigned_abs() / 2)
    }
}

/// What the gateway, or the way to it, answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// A verified order.
    Order(Sighting),
    /// A verified list of refunds, or what APIv3 says of one.
    Refunds(RefundSighting),
    /// Verified: closed, reversed or accepted.
    Done {
        /// WeChat's number of an accepted refund.
        refund_id: Option<String>,
    },
    /// Verified: APIv3 has closed a refund of this number before, and takes the number no more.
    UsedUp,
    /// Verified: it knows no such order, or no refund of it.
    Absent,
    /// Verified: refused for good.
    Refused(String),
    /// Surely not accepted, and another time may do: nothing left us, or a verified answer says "not now".
    NotNow {
        /// Why.
        why: String,
        /// Were there too many calls?
        limited: bool,
    },
    /// Too many questions.
    Limited,
    /// No answer, or none that says anything about this order.
    Unreached(String),
    /// An answer about this order that cannot be used; asking again may give the same.
    Useless(String),
}

impl Answer {
    /// Why what was asked for was surely not accepted; `None` if it was, or may have been.
    pub fn not_accepted(&self) -> Option<&str> {
        match self {
            Self::Refused(why) | Self::NotNow { why, .. } => Some(why),
            _ => None,
        }
    }
}

/// Who carries questions to the gateway: all of them at once, answers in their order.
pub trait QuestionSender {
    /// Asks.
    fn ask(&mut self, questions: &[Question]) -> Vec<Answer>;
    /// What the merchant speaks: APIv3 tells of one refund at a time, and v2 of all.
    fn version(&self) -> ApiVersion {
        ApiVersion::V2
    }
    /// What refunds and reverses go out in: of a merchant that is given in both dialects one may ask and the other act.
    fn acts_in(&self) -> ApiVersion {
        self.version()
    }
    /// How many are asked at once.
    fn width(&self) -> usize {
        1
    }
    /// How long that may take.
    fn patience(&self) -> Ms {
        0
    }
    /// A clock that only goes forward.
    fn clock(&self) -> Ms {
        0
    }
    /// Is the worker told to stop, or its time over?
    fn stopped(&mut self) -> bool {
        false
    }
}
