//! What a notice tells, whichever dialect it came in.

use crate::model::order::Order;
use crate::model::refund::{RefundList, RefundNotice};
use crate::wire::v3::json::JsonObject;
use crate::wire::verified::Verified;
use std::sync::Arc;

/// What a notice is about.
#[derive(Debug, Clone)]
pub enum Subject {
    /// A payment: verified.
    Payment(Arc<Order>),
    /// A refund, of v2: decrypted only.
    Refund(Box<RefundNotice>),
    /// A refund, of APIv3: verified.
    Refunded(Box<RefundList>),
    /// Another event of APIv3: what was inside, as it came.
    Other(Verified<JsonObject>),
}

/// A notice that is for us.
#[derive(Debug, Clone)]
pub struct Notification {
    /// Which of the given merchants it is for.
    pub merchant: usize,
    /// The sub-merchant it names, empty if there is none.
    pub sub_mch_id: String,
    /// `event_type` of APIv3, for people: what is inside decides.
    pub event_type: Option<String>,
    /// What it says.
    pub subject: Subject,
    /// The same for every repeat of one event.
    pub dedupe_key: String,
}
