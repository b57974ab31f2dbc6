//! Notices to merchants: what they say, when they are sent, and what came back.

mod cipher;
mod courier;
mod letter;
mod mutation;
mod outbox;
mod target;
mod v3;

pub use courier::post;
pub use letter::{PaymentNoticeBody, RefundNoticeBody};
pub use mutation::{lie, lie_of_refund, payment as mutated_payment, refund as mutated_refund};
pub use outbox::{DeliveryAttempt, DeliveryTask, NoticeKind, Outbox, QueuedNotice};
pub use target::Target;
pub use v3::{NoticeProof, V3Notices, payment as payment_in_v3, refund as refund_in_v3};
