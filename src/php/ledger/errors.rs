//! How the ledger's ends look to PHP.

use crate::error::{Advice, Error, Fault, Repeat};
use crate::ledger::store::{Failure, Halt, Kind, Refusal};
use crate::model::argument::BadArgument;
use crate::php::engine::raise::{Raise, camel_case};
use crate::php::ledger::pdo::fault::PdoFault;
use crate::php::values::exception;
use ext_php_rs::types::Zval;

const UNDECIDED: &str = "The COMMIT was sent and its answer is missing: what was seen is stored, or not. \
     Apply it again with a fresh PDO and Ledger";
const RACED: &str = "Another transaction changed the order in the middle of this one: try again";

/// An end without a value as what PHP sees of it.
pub fn raised(halt: Halt<PdoFault>, out_trade_no: &str) -> Raise {
    match halt {
        Halt::Store(fault) if fault.kind() == Kind::OutcomeUnknown => {
            undecided(fault, &undecided_about(out_trade_no))
        }
        Halt::Store(fault) => fault.into(),
        Halt::Raced => PdoFault::own(RACED.into()).into(),
        Halt::Breach(reason) => Raise::Logic(format!("{out_trade_no}: {}", reason.text())),
        Halt::Refused(refusal) => refused(&refusal, out_trade_no),
    }
}

/// The same of a call that acts: what it wants may be stored, and is carried on then.
pub fn raised_by_act(halt: Halt<PdoFault>, out_trade_no: &str) -> Raise {
    match halt {
        Halt::Store(fault) if fault.kind() == Kind::OutcomeUnknown => {
            let wanted = Fault { still_wanted: true, ..undecided_about(out_trade_no) };
            undecided(fault, &wanted)
        }
        halt => raised(halt, out_trade_no),
    }
}

fn undecided(mut cause: PdoFault, fault: &Fault) -> Raise {
    exception::throw_caused_by(fault, cause.exception());
    Raise::Pending
}

fn undecided_about(out_trade_no: &str) -> Fault {
    let message = UNDECIDED.to_owned();
    let error = Error::Undecided { message, last_seen: None, reversed: false, cause: None };
    let fault = Fault::new(error, Repeat::SameNumbers, Some(out_trade_no));
    Fault { advice: Advice::Retry, retryable: true, ..fault }
}

/// An end without a value as a report tells it: in words, and as the exception it would be.
pub fn told(halt: Halt<PdoFault>, out_trade_no: &str) -> (String, Option<Zval>) {
    match halt {
        Halt::Store(mut fault) if fault.kind() == Kind::OutcomeUnknown => {
            let undecided = exception::caused_by(&undecided_about(out_trade_no), fault.exception());
            (UNDECIDED.to_owned(), Some(undecided))
        }
        Halt::Store(mut fault) => (fault.message.clone(), fault.exception()),
        Halt::Refused(refusal) => (refusal.to_string(), None),
        Halt::Breach(reason) => (reason.text().to_owned(), None),
        Halt::Raced => (RACED.to_owned(), None),
    }
}

fn refused(refusal: &Refusal, out_trade_no: &str) -> Raise {
    let name = match refusal {
        Refusal::NotOpened => "out_trade_no",
        Refusal::OtherMerchant { .. } => "merchant",
        Refusal::Differs(field) => return opened_otherwise(field, refusal),
        Refusal::RefundTaken | Refusal::RefundClosed | Refusal::NoRefund => "out_refund_no",
        Refusal::RefundDiffers(field) => field,
        Refusal::TooMuch { .. } => "refund_fee",
        Refusal::State { .. }
        | Refusal::Reversing
        | Refusal::NoPayment
        | Refusal::RefundsUnknown
        | Refusal::WrongWay(_)
        | Refusal::RefundUnderWay { .. } => {
            return Raise::Logic(format!("{out_trade_no} {refusal}"));
        }
    };
    BadArgument::new(name, refusal.to_string()).into()
}

/// The appids are the merchant's.
fn opened_otherwise(field: &'static str, refusal: &Refusal) -> Raise {
    let name = camel_case(field);
    let (argument, shown) = match field {
        "appid" | "sub_appid" => ("merchant", format!("merchant ({name})")),
        _ => (field, name),
    };
    BadArgument::new(argument, refusal.to_string().replace(field, &shown)).into()
}
