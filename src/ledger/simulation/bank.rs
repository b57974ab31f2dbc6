//! WeChat as far as the ledger can see it: orders, payers, refunds, notices.

use super::super::entry::{Ms, OrderKey, OrderTerms, RefundWord};
use super::super::sighting::{Coverage, RefundSighting, SeenRefund, Sighting, Source, digest_of};
use super::super::sync::{Answer, Question, What};
use super::dice::Dice;
use crate::model::merchant::ApiVersion;
use crate::model::trade_state::TradeState;
use std::collections::BTreeSet;

pub const MCH_ID: &str = "1900";
/// An official account and a mini program of one merchant.
pub const APPIDS: [&str; 2] = ["wx1", "wx2"];

#[derive(Debug, Clone)]
pub struct BankRefund {
    pub out_refund_no: String,
    pub refund_fee: i64,
    pub state: RefundWord,
    /// Ordered by APIv3, which announces its end with a signature.
    pub by_v3: bool,
}

#[derive(Debug, Clone)]
pub struct BankOrder {
    pub terms: OrderTerms,
    pub trade_state: TradeState,
    pub transaction_id: Option<String>,
    pub paid_fee: i64,
    pub refunds: Vec<BankRefund>,
    /// Known to WeChat from then on.
    pub placed_at: Ms,
    /// By how much the payment differs from the order, made so on purpose.
    pub off: i64,
    /// It is neither closed nor reversed, whoever asks.
    pub stubborn: bool,
    /// The shop can never take its credit.
    pub curse: Option<Curse>,
    /// Fen that the shop has sent back past the ledger.
    pub by_hand: i64,
    /// Is it asked about in APIv3, at times at least? What is sent back by hand is announced in that, or not at all.
    pub speaks_v3: bool,
}

/// Why a credit can never be stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Curse {
    /// A constraint that is checked at COMMIT does not hold.
    Constraint,
    /// The callback ends its connection.
    Connection,
}

/// How the number of a refund ends that the ledger was not asked for.
pub const BY_HAND: &str = "-hand";

/// What a notice says.
#[derive(Debug, Clone)]
pub enum Heard {
    /// Of a payment.
    Payment(Sighting),
    /// Of one refund, signed, as APIv3 does.
    Refund(RefundSighting),
}

/// Something that will happen.
#[derive(Debug, Clone)]
pub enum Event {
    Pay(usize),
    FailToPay(usize),
    SendBackByHand(usize),
    EndRefund(usize, usize),
    Notice { heard: Heard, tries: u32 },
    Mood(Mood),
}

/// How the bank takes refunds for a while.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Mood {
    /// As it should.
    #[default]
    Fair,
    /// The merchant's balance is empty.
    Poor,
    /// Refused for good, also what it has accepted before.
    Hostile,
}

#[derive(Debug, Default)]
pub struct Bank {
    pub orders: Vec<BankOrder>,
    pub events: Vec<(Ms, Event)>,
    /// Digests of everything that was really signed.
    pub signed: BTreeSet<String>,
    /// Those of them that say of a payment that something went back, but not all of it.
    pub in_part: BTreeSet<String>,
    /// Refund numbers that the ledger shows, or has shown, as closed.
    pub used_up: BTreeSet<String>,
    pub mood: Mood,
    /// Calls that were made to act.
    pub acts: u64,
    serial: u64,
}

impl Bank {
    pub fn find(&mut self, key: &OrderKey, now: Ms) -> Option<usize> {
        self.orders.iter().position(|order| order.terms.key == *key && order.placed_at <= now)
    }

    /// Can the shop never take the credit of this order?
    pub fn curse(&self, key: &OrderKey) -> Option<Curse> {
        self.orders.iter().find(|order| order.terms.key == *key).and_then(|order| order.curse)
    }

    pub fn at(&mut self, when: Ms, event: Event) {
        self.events.push((when, event));
    }

    /// The next event at or before `now`.
    pub fn due(&mut self, now: Ms) -> Option<Event> {
        let at =
            (0..self.events.len()).filter(|i| self.events[*i].0 <= now).min_by_key(|i| self.events[*i].0)?;
        Some(self.events.remove(at).1)
    }

    /// A signed word about an order.
    pub fn sign(&mut self, at: usize, source: Source) -> Sighting {
        self.serial += 1;
        let order = &self.orders[at];
        let paid = order.trade_state.is_paid();
        let digest = digest_of(&format!("{} {:?}", self.serial, order.trade_state));
        self.signed.insert(digest.clone());
        if order.trade_state == TradeState::Refund && source != Source::Refunds {
            self.in_part.insert(digest.clone());
        }
        Sighting {
            key: order.terms.key.clone(),
            appid: order.terms.appid.clone(),
            sub_appid: String::new(),
            trade_state: order.trade_state,
            transaction_id: order.transaction_id.clone().filter(|_| paid),
            total_fee: paid.then_some(order.paid_fee),
            fee_type: None,
            paid_at: None,
            digest,
            source,
        }
    }

    /// The payer pays, if that is still possible; notices go out, none to many, early and late.
    pub fn pay(&mut self, at: usize, now: Ms, dice: &mut Dice) {
        let order = &mut self.orders[at];
        let payable = matches!(order.trade_state, TradeState::NotPay | TradeState::UserPaying);
        if !payable || order.placed_at > now {
            return;
        }
        order.trade_state = TradeState::Success;
        order.transaction_id = Some(format!("42{at:06}"));
        order.paid_fee = (order.terms.total_fee + order.off).max(1);
        let notice = self.sign(at, Source::Notice);
        for _ in 0..dice.below(4) {
            let most = if dice.one_in(4) { 9_000_000 } else { 5000 };
            let when = now + dice.between(0, most);
            self.at(when, Event::Notice { heard: Heard::Payment(notice.clone()), tries: 15 });
        }
    }

    /// A signed notice of a refund goes out, none to many times, early and late.
    fn announce(&mut self, at: usize, which: usize, now: Ms, dice: &mut Dice) {
        let heard = Heard::Refund(self.one(at, which));
        for _ in 0..dice.below(3) {
            let most = if dice.one_in(4) { 9_000_000 } else { 5000 };
            self.at(now + dice.between(0, most), Event::Notice { heard: heard.clone(), tries: 15 });
        }
    }

    /// One call, in a dialect.
    pub fn answer(&mut self, question: &Question, by: ApiVersion, now: Ms, dice: &mut Dice) -> Answer {
        let Some(at) = self.find(&question.entry.terms.key, now) else {
            return match question.what {
                What::Close if dice.one_in(2) => Answer::Done { refund_id: None },
                _ => Answer::Absent,
            };
        };
        self.acts += u64::from(question.what.acts());
        match &question.what {
            What::Order => Answer::Order(self.sign(at, Source::Query)),
            What::Refunds(Coverage::One(number)) => self.by_number(at, number),
            What::Refunds(_) => self.list(at),
            What::Close => self.close(at),
            What::Reverse => self.reverse(at),
            What::Refund(row) => {
                let asked = (row.out_refund_no.as_str(), row.refund_fee, question.entry.paid_fee());
                self.refund(at, asked, by, now, dice)
            }
        }
    }

    fn list(&mut self, at: usize) -> Answer {
        if self.orders[at].refunds.is_empty() {
            return Answer::Absent;
        }
        Answer::Refunds(self.told(at, Coverage::Whole))
    }

    fn by_number(&mut self, at: usize, number: &str) -> Answer {
        let which = self.orders[at].refunds.iter().position(|refund| refund.out_refund_no == number);
        which.map_or(Answer::Absent, |which| Answer::Refunds(self.one(at, which)))
    }

    /// What APIv3 tells of one refund.
    fn one(&mut self, at: usize, which: usize) -> RefundSighting {
        let number = self.orders[at].refunds[which].out_refund_no.clone();
        let told = self.told(at, Coverage::One(number));
        self.in_part.insert(told.digest.clone());
        told
    }

    fn told(&mut self, at: usize, coverage: Coverage) -> RefundSighting {
        let digest = self.sign(at, Source::Refunds).digest;
        let order = &self.orders[at];
        let told = order.refunds.iter().filter(|refund| coverage.tells_of(&refund.out_refund_no));
        let refunds = told.map(|refund| SeenRefund {
            out_refund_no: refund.out_refund_no.clone(),
            refund_id: None,
            refund_fee: refund.refund_fee,
            state: refund.state,
        });
        RefundSighting {
            key: order.terms.key.clone(),
            transaction_id: order.transaction_id.clone(),
            total_fee: Some(order.paid_fee),
            fee_type: None,
            refunds: refunds.collect(),
            coverage,
            digest,
        }
    }

    fn close(&mut self, at: usize) -> Answer {
        let order = &mut self.orders[at];
        match order.trade_state {
            _ if order.stubborn => Answer::Refused("SYSTEM_SAYS_NO".into()),
            TradeState::NotPay | TradeState::PayError | TradeState::Closed => {
                order.trade_state = TradeState::Closed;
                Answer::Done { refund_id: None }
            }
            _ => Answer::Refused("ORDERPAID".into()),
        }
    }

    fn reverse(&mut self, at: usize) -> Answer {
        let order = &mut self.orders[at];
        if order.stubborn || !order.refunds.is_empty() || order.trade_state == TradeState::Closed {
            return Answer::Refused("TRADE_ERROR".into());
        }
        order.trade_state = TradeState::Revoked;
        Answer::Done { refund_id: None }
    }

    fn refund(
        &mut self,
        at: usize,
        (number, fee, total): (&str, i64, i64),
        by: ApiVersion,
        now: Ms,
        dice: &mut Dice,
    ) -> Answer {
        let order = &mut self.orders[at];
        match self.mood {
            Mood::Poor => return Answer::NotNow { why: "NOTENOUGH".into(), limited: false },
            Mood::Hostile => return Answer::Refused("NOAUTH".into()),
            Mood::Fair if !order.trade_state.is_paid() => return Answer::Refused("TRADE_STATE".into()),
            Mood::Fair => {}
        }
        let live = order.refunds.iter().filter(|refund| refund.state != RefundWord::Closed);
        let others = live.filter(|refund| refund.out_refund_no != number);
        if total != order.paid_fee
            || others.map(|refund| refund.refund_fee).sum::<i64>() + fee > order.paid_fee
        {
            return Answer::Refused("INVALID_REQUEST".into());
        }
        let known = order.refunds.iter().position(|refund| refund.out_refund_no == number);
        let which = known.unwrap_or(order.refunds.len());
        if known.is_none() {
            let state = RefundWord::Processing;
            let by_v3 = by == ApiVersion::V3;
            order.refunds.push(BankRefund {
                out_refund_no: number.to_owned(),
                refund_fee: fee,
                state,
                by_v3,
            });
        } else if order.refunds[which].state == RefundWord::Closed && by == ApiVersion::V2 {
            // What APIv3 announces of the close arrives after the number was taken again.
            if order.refunds[which].by_v3 {
                self.announce(at, which, now, dice);
            }
            self.orders[at].refunds[which].state = RefundWord::Processing;
        } else if order.refunds[which].state == RefundWord::Closed {
            return Answer::UsedUp;
        } else {
            return Answer::Done { refund_id: None };
        }
        self.orders[at].trade_state = TradeState::Refund;
        self.at(now + dice.between(1000, 600_000), Event::EndRefund(at, which));
        Answer::Done { refund_id: None }
    }

    /// The shop sends a payment back past the ledger, all or a part of what is left; WeChat's next word of it says so.
    pub fn refund_by_hand(&mut self, at: usize, now: Ms, dice: &mut Dice) -> Option<Sighting> {
        let order = &mut self.orders[at];
        let live = order.refunds.iter().filter(|refund| refund.state != RefundWord::Closed);
        let left = order.paid_fee - live.map(|refund| refund.refund_fee).sum::<i64>();
        if !order.trade_state.is_paid() || left < 1 || order.by_hand > 0 {
            return None;
        }
        let refund_fee = if dice.one_in(2) { left } else { dice.between(1, left) };
        let out_refund_no = format!("{}{BY_HAND}", order.terms.key.out_trade_no);
        let by_v3 = order.speaks_v3;
        order.refunds.push(BankRefund { out_refund_no, refund_fee, state: RefundWord::Success, by_v3 });
        order.trade_state = TradeState::Refund;
        order.by_hand = refund_fee;
        if by_v3 && dice.one_in(2) {
            self.announce(at, self.orders[at].refunds.len() - 1, now, dice);
        }
        Some(self.sign(at, Source::Query))
    }

    pub fn end_refund(&mut self, at: usize, which: usize, now: Ms, dice: &mut Dice) {
        let refund = &mut self.orders[at].refunds[which];
        if refund.state != RefundWord::Processing {
            return;
        }
        refund.state = match dice.below(12) {
            0 | 1 => RefundWord::Closed,
            // What is closed in APIv3 has consequences of its own.
            2 | 3 if refund.by_v3 => RefundWord::Closed,
            4 => RefundWord::Change,
            _ => RefundWord::Success,
        };
        if refund.by_v3 {
            self.announce(at, which, now, dice);
        }
    }
}
