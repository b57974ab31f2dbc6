//! What takes more than one call: asking again, sending again, many at once.

pub mod concurrent;
pub mod download;
pub mod poll;
pub mod resend;
