//! micropay: charges the code that the payer shows (protocol.md C.6), and always ends decided: pays, asks,
//! reverses. The rule is decisions.md 3.

use super::flows::poll::PollObserver;
use super::form;
use super::order_query::OrderQuery;
use super::reverse::{MOST_TRIES, Reversal, Reverse, is_open};
use crate::error::{ErrCode, Error, Fault, Repeat};
use crate::gateway::attempt::{AttemptObserver, OfUndoing};
use crate::gateway::client::MerchantClient;
use crate::gateway::endpoint::{Endpoint, EndpointSpec};
use crate::gateway::v3::endpoint::V3Endpoint;
use crate::model::argument::BadArgument;
use crate::model::order::Order;
use crate::model::order_id::{OrderId, new_out_trade_no};
use crate::model::ours::{Echo, Ours};
use crate::model::sendable::sendable;
use crate::model::trade_state::TradeState;
use crate::wire::v2::fields::Fields;
use crate::wire::v2::read::needs;
use serde_json::{Map, Value};

mod sale;
mod v3;

/// The gateway refuses an earlier reverse.
const NOT_BEFORE_MS: u64 = 15_000;
/// What reversing may take after the payer's time.
const REVERSE_MS: u64 = 30_000;
/// How often the order is asked for after an accepted reverse.
const CONFIRMATIONS: u64 = 5;

/// Optional fields of a code payment.
pub const OPTIONAL: [&str; 13] = [
    "device_info",
    "detail",
    "attach",
    "fee_type",
    "goods_tag",
    "limit_pay",
    "time_start",
    "time_expire",
    "receipt",
    "scene_info",
    "profit_sharing",
    "deposit",
    "version",
];

/// The payment call.
#[derive(Debug, Clone)]
pub struct Micropay {
    id: OrderId,
    total_fee: i64,
    fields: Fields,
    /// What only APIv3 has, in its own names.
    further: Map<String, Value>,
}

/// What a code payment needs.
#[derive(Debug, Clone, Copy)]
pub struct Sale<'a> {
    /// The shop's number; a fresh one for each code.
    pub out_trade_no: &'a str,
    /// The 18 digits the payer shows.
    pub auth_code: &'a str,
    /// Fen.
    pub total_fee: i64,
    /// What is bought.
    pub body: &'a str,
    /// The till's address.
    pub spbill_create_ip: &'a str,
}

impl Micropay {
    /// Checks the arguments by name.
    pub fn new(sale: &Sale<'_>, options: &[(String, String)]) -> Result<Self, BadArgument> {
        new_out_trade_no(sale.out_trade_no)?;
        auth_code(sale.auth_code)?;
        if sale.total_fee < 1 {
            return Err(BadArgument::new("total_fee", "must be at least 1 fen"));
        }
        let body = form::argument("body", sale.body)?;
        let address = form::argument("spbill_create_ip", sale.spbill_create_ip)?;
        let mut fields = Fields::new();
        for (name, value) in options {
            if !OPTIONAL.contains(&name.as_str()) {
                return Err(BadArgument::new(
                    "options",
                    format!("must have only {} as keys", OPTIONAL.join(", ")),
                ));
            }
            fields.set(name, form::entry("options", name, value)?);
        }
        form::times_in("options", &fields)?;
        for (name, value) in
            [("out_trade_no", sale.out_trade_no), ("auth_code", sale.auth_code), ("body", &body)]
        {
            fields.set(name, value);
        }
        fields.set("total_fee", sale.total_fee.to_string());
        fields.set("spbill_create_ip", address);
        sendable("options", &fields)?;
        let id = OrderId::OutTradeNo(sale.out_trade_no.to_owned());
        Ok(Self { id, total_fee: sale.total_fee, fields, further: Map::new() })
    }

    /// The same with what only APIv3 has, in its own names and places.
    #[must_use]
    pub fn with(self, further: Map<String, Value>) -> Self {
        Self { further, ..self }
    }

    /// A payment that does not say how much was paid is asked about, as one without any answer is.
    fn with_its_amount(order: Order) -> Result<Order, Error> {
        if order.is_paid() {
            needs(order.fields(), &["total_fee"])?;
        }
        Ok(order)
    }
}

/// The digits of a payer's code; how many there are, and how they begin, WeChat may change.
pub(super) fn auth_code(digits: &str) -> Result<(), BadArgument> {
    if (10..=128).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit()) {
        return Ok(());
    }
    Err(BadArgument::new(
        "auth_code",
        "must be the digits of the payer's code (18 of them, beginning with 10 to 15)",
    ))
}

impl Endpoint for Micropay {
    type Answer = Order;

    fn spec(&self) -> EndpointSpec {
        EndpointSpec::new("/pay/micropay", Repeat::Never)
    }

    fn fields(&self) -> Fields {
        self.fields.clone()
    }

    fn echoes(&self) -> Vec<Echo> {
        vec![Echo { field: self.id.field().into(), asked: self.id.number().to_owned(), required: true }]
    }

    fn v3(&self) -> Option<&dyn V3Endpoint<Answer = Order>> {
        Some(self)
    }

    fn out_trade_no(&self) -> Option<&str> {
        Some(self.id.number())
    }

    fn read(&self, answer: Ours<Fields>) -> Result<Order, Error> {
        Self::with_its_amount(Order::from_payment(answer)?)
    }
}

/// How long the payer has, and how often to ask.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// The payer's time, in milliseconds.
    pub timeout_ms: u64,
    /// Milliseconds between two questions.
    pub interval_ms: u64,
}

impl Patience {
    /// Checks both.
    pub fn new(timeout_ms: i64, interval_ms: i64) -> Result<Self, BadArgument> {
        let within =
            |ms: i64, least: u64, most: u64| u64::try_from(ms).ok().filter(|ms| (least..=most).contains(ms));
        let timeout_ms = within(timeout_ms, NOT_BEFORE_MS, 120_000).ok_or_else(|| {
            BadArgument::new(
                "timeout_ms",
                "must be between 15000 and 120000 milliseconds (no reverse is taken earlier)",
            )
        })?;
        let interval_ms = within(interval_ms, 100, 60_000)
            .ok_or_else(|| BadArgument::new("interval_ms", "must be between 100 and 60000 milliseconds"))?;
        Ok(Self { timeout_ms, interval_ms })
    }
}

/// The clients of a code payment: only the reverse shows the client certificate.
#[derive(Clone, Copy)]
pub struct Clients<'a> {
    /// Pays and asks.
    pub plain: &'a MerchantClient<'a>,
    /// Reverses.
    pub certified: &'a MerchantClient<'a>,
}

impl Clients<'_> {
    /// Charges the code. Ends with a final order, a refusal, or [`Error::Undecided`] when even the reverse got no answer.
    pub fn pay(
        self,
        call: &Micropay,
        patience: Patience,
        watch: &mut dyn PollObserver,
    ) -> Result<Order, Fault> {
        let deadline = self.plain.api.clock.now_ms() + patience.timeout_ms;
        let mut payment = CodePayment {
            clients: self,
            call,
            patience,
            watch,
            deadline,
            paid_at: 0,
            last: None,
            untrusted_answer: None,
        };
        match payment.charge()? {
            Progress::Decided(order) => Ok(*order),
            Progress::Open => match payment.wait_for_payer()? {
                Progress::Decided(order) => Ok(*order),
                Progress::Open => payment.undo(),
            },
        }
    }
}

enum Progress {
    Decided(Box<Order>),
    Open,
}

struct CodePayment<'a> {
    clients: Clients<'a>,
    call: &'a Micropay,
    patience: Patience,
    watch: &'a mut dyn PollObserver,
    /// The end of the payer's time.
    deadline: u64,
    /// When the payment call had ended; no reverse is taken earlier than 15 s after it.
    paid_at: u64,
    last: Option<Order>,
    /// A fault that must reach the caller although the sale goes on to be reversed.
    untrusted_answer: Option<Fault>,
}

impl CodePayment<'_> {
    fn now(&self) -> u64 {
        self.clients.plain.api.clock.now_ms()
    }

    /// Asks, in no more time than is left until then.
    fn ask<C: Endpoint>(
        &self,
        client: &MerchantClient<'_>,
        call: &C,
        deadline: u64,
    ) -> Result<C::Answer, Fault> {
        client.within(deadline.saturating_sub(self.now()).max(1)).ask(call)
    }

    /// The payment call, sent once.
    fn charge(&mut self) -> Result<Progress, Fault> {
        let charged = self.ask(self.clients.plain, self.call, self.deadline);
        self.paid_at = self.now();
        match charged {
            Ok(order) => self.settled(order),
            Err(fault) => self.refused(fault),
        }
    }

    fn refused(&mut self, fault: Fault) -> Result<Progress, Fault> {
        match &fault.error {
            // It was not sent, whatever kept it back.
            error if error.code().is_none() && !fault.maybe_processed => Err(fault),
            error if error.code().is_some_and(ErrCode::ends_a_sale) => Err(fault),
            error if error.code() == Some(ErrCode::NumberUsed) => self.paid_before(fault),
            error if is_unsigned(error) => self.unsigned(fault),
            _ if is_doubtful(&fault) => {
                self.untrusted_answer = Some(fault);
                Ok(Progress::Open)
            }
            _ => Ok(Progress::Open),
        }
    }

    /// The number was used before: if it was this very sale, it is paid.
    fn paid_before(&mut self, fault: Fault) -> Result<Progress, Fault> {
        match self.query() {
            Ok(order) if self.is_this_sale_paid(&order) => Ok(Progress::Decided(Box::new(order))),
            _ => Err(fault),
        }
    }

    fn is_this_sale_paid(&self, order: &Order) -> bool {
        order.is_paid() && order.typed().total_fee.is_some() && self.call.told_apart(order).is_none()
    }

    /// An unsigned FAIL proves nothing: one question, and if that meets one too, nobody here speaks to WeChat.
    fn unsigned(&mut self, mut fault: Fault) -> Result<Progress, Fault> {
        match self.query() {
            Err(Fault { error, .. }) if is_unsigned(&error) => {
                fault.maybe_processed = true;
                Err(fault)
            }
            Ok(order) => self.settled(order),
            Err(_) => Ok(Progress::Open),
        }
    }

    fn query(&self) -> Result<Order, Fault> {
        self.ask(self.clients.plain, &OrderQuery(self.call.id.clone()), self.deadline + REVERSE_MS)
    }

    /// A verified order: ours, and final?
    fn settled(&mut self, order: Order) -> Result<Progress, Fault> {
        if let Some(fault) = self.amount_mismatch(&order) {
            return Err(fault);
        }
        self.last = Some(order.clone());
        let is_decided = order.trade_state().is_final() && order.trade_state() != TradeState::PayError;
        let is_decided = is_decided && !(order.is_paid() && self.is_unseen());
        Ok(if is_decided { Progress::Decided(Box::new(order)) } else { Progress::Open })
    }

    /// Would nobody learn that it is paid? Then it must not stay so.
    fn is_unseen(&mut self) -> bool {
        self.watch.throws() || !self.watch.pause(0)
    }

    /// Another sale has this number: reversing it would undo somebody else's payment.
    fn amount_mismatch(&self, order: &Order) -> Option<Fault> {
        let error = self.call.told_apart(order)?;
        Some(Fault::new(error, Repeat::Never, self.call.out_trade_no()))
    }

    /// Asks until the payer's time is up, the order is final, or the watcher stops.
    fn wait_for_payer(&mut self) -> Result<Progress, Fault> {
        for number in 1.. {
            let left = self.deadline.saturating_sub(self.now());
            if left == 0 || self.has_failed() || !self.watch.pause(self.patience.interval_ms.min(left)) {
                break;
            }
            let seen = self.query();
            let go_on = self.watch.seen(&seen.as_ref(), number);
            match seen {
                Ok(order) => {
                    if let Progress::Decided(order) = self.settled(order)? {
                        return Ok(Progress::Decided(order));
                    }
                }
                Err(fault) => self.note(fault),
            }
            if !go_on {
                break;
            }
        }
        Ok(Progress::Open)
    }

    fn has_failed(&self) -> bool {
        self.last.as_ref().is_some_and(|order| order.trade_state() == TradeState::PayError)
    }

    /// The first doubt counts, and it is one about the payment: what a question left open, the sale left open.
    fn note(&mut self, fault: Fault) {
        if is_doubtful(&fault) && self.untrusted_answer.is_none() {
            self.untrusted_answer = Some(Fault::new(fault.error, Repeat::Never, self.call.out_trade_no()));
        }
    }

    /// Reverses, whatever the watcher says, and does not believe it before a query shows it.
    fn undo(&mut self) -> Result<Order, Fault> {
        if self.watch.is_copy() {
            return Err(self.undecided(
                "this process is a forked copy, the payment is its parent's",
                false,
                None,
            ));
        }
        self.rest_until(self.paid_at + NOT_BEFORE_MS);
        let end = self.deadline + REVERSE_MS;
        match self.reverse(end) {
            Ok(()) => self.confirm(end),
            Err(refusal) => self.not_reversed(refusal),
        }
    }

    fn rest_until(&mut self, at: u64) {
        let left = at.saturating_sub(self.now());
        if left > 0 {
            self.watch.rest(left);
        }
    }

    fn reverse(&mut self, end: u64) -> Result<(), Fault> {
        // A fifth of the time stays for confirming.
        let end = end - REVERSE_MS / 5;
        let (mut tries, mut left_open) = (1, false);
        let certified = self.clients.certified;
        let observer = certified.on_attempt.map(OfUndoing);
        let on_attempt = observer.as_ref().map(|observer| observer as &dyn AttemptObserver);
        let certified = certified.api.clone().observed_by(on_attempt);
        loop {
            let open = match self.ask(&certified, &Reverse(self.call.id.clone()), end) {
                Ok(Reversal::Done) => return Ok(()),
                Ok(Reversal::Again(refusal)) => {
                    Fault::new(refusal, Repeat::SameNumbers, self.call.out_trade_no())
                }
                Err(fault) => fault,
            };
            let again = is_open(&open)
                || is_doubtful(&open)
                || matches!(open.error, Error::Service { .. }) && open.maybe_processed;
            // Not even a verified refusal says that an open try before has not reversed it: it may mean "called twice".
            // USERPAYING was not accepted.
            let open = if left_open { open.after_an_open_try() } else { open };
            left_open |= open.maybe_processed && open.code() != Some(ErrCode::UserPaying);
            let pause = self.patience.interval_ms.min(2000);
            if !again || tries >= MOST_TRIES || self.now() + pause >= end {
                self.note(open.clone());
                return Err(open);
            }
            self.watch.rest(pause);
            tries += 1;
        }
    }

    /// After an accepted reverse only an order that shows it is given back; a paid one never.
    fn confirm(&mut self, end: u64) -> Result<Order, Fault> {
        let mut cause = None;
        for left in (0..CONFIRMATIONS).rev() {
            match self.query() {
                Ok(order) if is_undone(order.trade_state()) => return self.decided(order),
                Ok(order) => self.last = Some(order),
                Err(fault) => cause = Some(fault),
            }
            let time_left = end.saturating_sub(self.now());
            if left == 0 || time_left == 0 {
                break;
            }
            self.watch.rest(self.patience.interval_ms.min(time_left / (left + 1)).max(1));
        }
        Err(self.undecided("the reverse was accepted, but no query shows it yet", true, cause))
    }

    /// The reverse was refused or stayed open: the order itself has the last word, unless a reverse may yet act on it.
    fn not_reversed(&mut self, refusal: Fault) -> Result<Order, Fault> {
        match self.query() {
            Ok(order) if is_undone(order.trade_state()) => self.decided(order),
            Ok(order) if order.is_paid() && !refusal.maybe_processed => match self.amount_mismatch(&order) {
                Some(fault) => Err(fault),
                None => self.decided(order),
            },
            Ok(order) => {
                self.last = Some(order);
                Err(self.undecided("the reverse was not accepted", false, Some(refusal)))
            }
            Err(_) => {
                Err(self.undecided("neither the reverse nor a query was answered", false, Some(refusal)))
            }
        }
    }

    /// A doubt outlives the reverse: somebody else answered in WeChat's name.
    fn decided(&mut self, order: Order) -> Result<Order, Fault> {
        match self.untrusted_answer.take() {
            Some(untrusted_answer) if !order.is_paid() => Err(untrusted_answer),
            _ => Ok(order),
        }
    }

    fn undecided(&mut self, message: &str, reversed: bool, cause: Option<Fault>) -> Fault {
        let error = Error::Undecided {
            message: message.to_owned(),
            last_seen: self.last.take().map(Box::new),
            reversed,
            cause: self.untrusted_answer.take().or(cause).map(Box::new),
        };
        Fault::new(error, Repeat::Never, self.call.out_trade_no())
    }
}

/// Did somebody else answer in WeChat's name, or may have?
fn is_doubtful(fault: &Fault) -> bool {
    matches!(fault.error, Error::Signature(_) | Error::Headers(_) | Error::Split(_) | Error::Mismatch { .. })
}

/// Is it a refusal that nobody has signed?
fn is_unsigned(error: &Error) -> bool {
    matches!(error, Error::Gateway { .. } | Error::Unsigned { .. })
}

fn is_undone(state: TradeState) -> bool {
    matches!(state, TradeState::Revoked | TradeState::Closed | TradeState::PayError)
}

#[cfg(test)]
mod tests;
