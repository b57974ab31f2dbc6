//! How the ledger's ends look to PHP.

use super::call::Raise;
use super::exception;
use super::pdo_fault::PdoFault;
use crate::error::{Advice, Error, Fault, Repeat};
use crate::ledger::store::{Failure, Halt, Kind, Refusal};
use crate::model::numbers::BadArgument;

const UNDECIDED: &str = "The COMMIT was sent and its answer is missing: what was seen is stored, or not. \
     Apply it again with a fresh PDO and Ledger";
const RACED: &str = "Another transaction changed the order in the middle of this one: try again";

/// An end without a value as what PHP sees of it.
pub fn raised(halt: Halt<PdoFault>, out_trade_no: &str) -> Raise {
    match halt {
        Halt::Store(fault) if fault.kind() == Kind::OutcomeUnknown => undecided(fault, out_trade_no),
        Halt::Store(fault) => fault.into(),
        Halt::Raced => PdoFault::own(RACED.into()).into(),
        Halt::Breach(reason) => Raise::Logic(format!("{out_trade_no}: {}", reason.text())),
        Halt::Refused(refusal) => refused(&refusal, out_trade_no),
    }
}

fn undecided(mut cause: PdoFault, out_trade_no: &str) -> Raise {
    let message = UNDECIDED.to_owned();
    let error = Error::Undecided { message, last_seen: None, reversed: false, cause: None };
    let fault = Fault::new(error, Repeat::SameNumbers, Some(out_trade_no));
    exception::throw_caused_by(&Fault { advice: Advice::Retry, retryable: true, ..fault }, cause.exception());
    Raise::Pending
}

fn refused(refusal: &Refusal, out_trade_no: &str) -> Raise {
    let name = match refusal {
        Refusal::NotOpened => "outTradeNo",
        Refusal::Differs(what) if what.starts_with("merchant") => "merchant",
        Refusal::Differs(what) => what,
        Refusal::RefundTaken | Refusal::NoRefund => "outRefundNo",
        Refusal::RefundDiffers(what) => what,
        Refusal::TooMuch { .. } => "refundFee",
        Refusal::State { .. }
        | Refusal::NoPayment
        | Refusal::WrongWay(_)
        | Refusal::RefundUnderWay { .. } => {
            return Raise::Logic(format!("{out_trade_no} {refusal}"));
        }
    };
    Raise::Argument(BadArgument::new(name, refusal.to_string()))
}
