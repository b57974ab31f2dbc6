//! The questions of the ledger, carried to WeChat over a line: faults become what they mean for an order.

use super::days::{AskedAbout, Inquiry};
use super::entry::{Entry, RefundRow};
use super::sighting::{Coverage, RefundSighting, Sighting, Source};
use super::sync::{Answer, Question, What};
use crate::api::close_order::CloseOrder;
use crate::api::flows::concurrent;
use crate::api::order_query::OrderQuery;
use crate::api::refund::Refund;
use crate::api::refund_query::RefundsOf;
use crate::api::reverse::Reverse;
use crate::error::{Advice, ErrCode, Error, Fault, Phase};
use crate::gateway::attempt::OnAttempt;
use crate::gateway::client::{ApiClient, MerchantClient};
use crate::model::order_id::OrderId;
use crate::model::refund::RefundStatus;

/// Carries one merchant's questions.
pub struct Carrier {
    /// The line for questions, or why there is none.
    pub line: Result<ApiClient, String>,
    /// The line with the certificate, for calls that move money, or why there is none.
    pub certified: Result<ApiClient, String>,
    /// Questions at once.
    pub concurrency: usize,
}

const STALE: &str = "it waited so long for its turn that it is not sent now";

/// Does this question need the merchant's certificate?
pub fn needs_certificate(question: &Question) -> bool {
    matches!(question.what, What::Reverse | What::Refund(_))
}

impl Carrier {
    /// Asks all of them; answers in their order.
    pub fn ask(self, questions: &[Question], on_attempt: OnAttempt<'_>) -> Vec<Answer> {
        let concurrency = self.concurrency;
        let ask = move |question: &Question, on_attempt: OnAttempt<'_>| self.answer(question, on_attempt);
        let answers = concurrent::map(questions.to_vec(), concurrency, ask, on_attempt);
        answers.into_iter().map(|answer| answer.unwrap_or_else(no_thread)).collect()
    }

    /// Asks about orders that need not be in the ledger; answers in their order.
    pub fn inquire(self, inquiries: &[Inquiry], on_attempt: OnAttempt<'_>) -> Vec<Answer> {
        let concurrency = self.concurrency;
        let ask = move |inquiry: &Inquiry, on_attempt: OnAttempt<'_>| self.about(inquiry, on_attempt);
        let answers = concurrent::map(inquiries.to_vec(), concurrency, ask, on_attempt);
        answers.into_iter().map(|answer| answer.unwrap_or_else(no_thread)).collect()
    }

    fn about(&self, inquiry: &Inquiry, on_attempt: OnAttempt<'_>) -> Answer {
        let client = match &self.line {
            Ok(line) => line.clone().observed_by(on_attempt),
            Err(why) => return Answer::Unreached(why.clone()),
        };
        let id = OrderId::OutTradeNo(inquiry.out_trade_no.clone());
        let (answer, what) = match inquiry.about {
            AskedAbout::Order => (order(&client, id), What::Order),
            AskedAbout::Refunds => (refunds(&client, &RefundsOf::Order(id)), What::Refunds(Coverage::Whole)),
            AskedAbout::Refund(ref number) => {
                let of = RefundsOf::OutRefundNo(number.clone());
                (refunds(&client, &of), What::Refunds(Coverage::One(number.clone())))
            }
        };
        answer.unwrap_or_else(|fault| meaning(&fault, &what))
    }

    fn answer(&self, question: &Question, on_attempt: OnAttempt<'_>) -> Answer {
        self.one(question, on_attempt).unwrap_or_else(|fault| meaning(&fault, &question.what))
    }

    /// Asks one question; a fault stays one.
    pub fn one(&self, question: &Question, on_attempt: OnAttempt<'_>) -> Result<Answer, Fault> {
        let line = if needs_certificate(question) { &self.certified } else { &self.line };
        let client = match line {
            Ok(_) if question.is_stale(question.since.elapsed()) => return Ok(unmade(&question.what, STALE)),
            Ok(line) => line.clone().observed_by(on_attempt),
            Err(why) => return Ok(unmade(&question.what, why)),
        };
        let id = OrderId::OutTradeNo(question.entry.terms.key.out_trade_no.clone());
        match &question.what {
            What::Order => order(&client, id),
            What::Refunds(Coverage::One(number)) => refunds(&client, &RefundsOf::OutRefundNo(number.clone())),
            What::Refunds(_) => refunds(&client, &RefundsOf::Order(id)),
            What::Close => close(&client, id),
            What::Reverse => {
                client.reverse(&Reverse(id))?;
                Ok(Answer::Done { refund_id: None })
            }
            What::Refund(row) => refund(&client, &question.entry, row),
        }
    }
}

fn order(client: &MerchantClient<'_>, id: OrderId) -> Result<Answer, Fault> {
    let order = client.ask(&OrderQuery(id))?;
    Ok(match Sighting::of(&order, Source::Query) {
        Ok(seen) => Answer::Order(seen),
        Err(what) => Answer::Useless(format!("an order {what}")),
    })
}

fn refunds(client: &MerchantClient<'_>, of: &RefundsOf) -> Result<Answer, Fault> {
    let list = client.refunds(of)?;
    Ok(match RefundSighting::of(&list) {
        Ok(seen) => Answer::Refunds(seen),
        Err(what) => Answer::Useless(format!("a list of refunds {what}")),
    })
}

fn close(client: &MerchantClient<'_>, out_trade_no: OrderId) -> Result<Answer, Fault> {
    client.ask(&CloseOrder { out_trade_no })?;
    Ok(Answer::Done { refund_id: None })
}

fn refund(client: &MerchantClient<'_>, entry: &Entry, row: &RefundRow) -> Result<Answer, Fault> {
    let id = OrderId::OutTradeNo(entry.terms.key.out_trade_no.clone());
    match Refund::new(id, &row.out_refund_no, entry.paid_fee(), row.refund_fee) {
        Ok(call) => {
            let receipt = client.refund(&call.with_options(&row.options))?;
            Ok(received(receipt.refund_status(), receipt.typed().refund_id.clone()))
        }
        Err(bad) => Ok(Answer::Refused(bad.to_string())),
    }
}

/// What a receipt says: APIv3 answers the repeat of a closed refund with the closed one.
fn received(status: Option<RefundStatus>, refund_id: Option<String>) -> Answer {
    match status {
        Some(RefundStatus::RefundClose) => Answer::UsedUp,
        _ => Answer::Done { refund_id },
    }
}

fn no_thread() -> Answer {
    Answer::Unreached("no thread could be started for this question".into())
}

/// Why nothing could be asked, so that nothing left us.
fn unmade(what: &What, why: &str) -> Answer {
    match what {
        What::Order | What::Refunds(_) => Answer::Unreached(why.to_owned()),
        _ => Answer::NotNow { why: why.to_owned(), limited: false },
    }
}

/// What was asked for was surely not accepted: refused for good by a verified answer, or not now.
fn not_accepted(fault: &Fault, why: String) -> Answer {
    let patient = fault.retryable || matches!(fault.advice, Advice::Wait | Advice::Retry);
    match fault.code() {
        Some(ErrCode::NotEnough) | None => Answer::NotNow { why, limited: false },
        Some(ErrCode::Limited) => Answer::NotNow { why, limited: true },
        Some(_) if patient => Answer::NotNow { why, limited: false },
        Some(_) => Answer::Refused(why),
    }
}

/// What a fault means for the order that was asked about.
pub fn meaning(fault: &Fault, what: &What) -> Answer {
    let text = fault.error.to_string();
    let acts = what.acts();
    match (fault.code(), what) {
        (Some(ErrCode::OrderNotExist), What::Order | What::Close | What::Reverse)
        | (Some(ErrCode::RefundNotExist), What::Refunds(_)) => Answer::Absent,
        (Some(ErrCode::OrderClosed), What::Close) => Answer::Done { refund_id: None },
        _ if acts && !fault.maybe_processed => not_accepted(fault, text),
        (Some(ErrCode::Limited), _) => Answer::Limited,
        (Some(ErrCode::SystemError | ErrCode::NotEnough | ErrCode::BankError), _) => Answer::Unreached(text),
        (Some(_), _) => Answer::Useless(text),
        (None, _) => unverified(fault, text),
    }
}

fn unverified(fault: &Fault, text: String) -> Answer {
    match &fault.error {
        Error::Transport(error) if error.phase == Phase::Status(429) => Answer::Limited,
        Error::Malformed(_) | Error::Bill(_) | Error::Split(_) | Error::Mismatch { .. } => {
            Answer::Useless(text)
        }
        _ => Answer::Unreached(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Repeat;

    fn refused(code: &str, what: &What) -> Answer {
        let error = Error::service(code, None);
        meaning(&Fault::new(error, Repeat::SameNumbers, None), what)
    }

    #[test]
    fn a_receipt_of_a_closed_refund_accepts_nothing() {
        assert_eq!(received(Some(RefundStatus::RefundClose), Some("50".into())), Answer::UsedUp);
        for status in [None, Some(RefundStatus::Processing), Some(RefundStatus::Success)] {
            assert!(matches!(received(status, None), Answer::Done { .. }), "{status:?}");
        }
    }

    #[test]
    fn too_many_calls_are_too_many_by_whatever_name() {
        for code in
            ["FREQUENCY_LIMITED", "FREQ_LIMIT", "RATELIMIT_EXCEEDED", "RATE_LIMITED", "INVALID_REQ_TOO_MUCH"]
        {
            assert!(matches!(refused(code, &What::Order), Answer::Limited), "{code}");
            let close = refused(code, &What::Close);
            assert!(matches!(close, Answer::NotNow { limited: true, .. }), "{code}: {close:?}");
        }
    }
}
