//! All that the simulated gateway knows, and what time does to it.

use super::bill_rules::BillRules;
use super::book::Book;
use super::clock::{self, SECOND, SimulatedClock};
use super::dice::Rng;
use super::fault::FaultQueue;
use super::linked::LinkedFiles;
use super::notice::{
    self, NoticeKind, NoticeProof, Outbox, PaymentNoticeBody, QueuedNotice, RefundNoticeBody, V3Notices,
};
use super::options::{Account, Options};
use super::order::{PaymentDetails, PlacedOrder, PlacedPayment};
use super::platform::{Platform, SignatureFault, V3_MATERIAL};
use super::refund::{Balances, RefundBook};
use super::request::Log;
use super::signer::SignMethod;
use super::till::PaymentScripts;
use serde_json::Value;
use std::collections::{HashMap, HashSet};

/// The state behind the listeners; one lock guards it.
#[derive(Debug)]
pub struct GatewayState {
    /// The known merchants.
    pub accounts: Vec<Account>,
    /// Virtual time.
    pub clock: SimulatedClock,
    /// Ids and nonces of answers.
    pub dice: Rng,
    /// Nonces of what happens by itself, so that its hour does not change the answers' ones.
    pub own_dice: Rng,
    /// The orders.
    pub book: Book,
    /// The refunds.
    pub refunds: RefundBook,
    /// What merchants pay refunds from.
    pub balances: Balances,
    /// How long a refund is processed.
    pub refund_ms: i64,
    /// Codes and their scenarios.
    pub till: PaymentScripts,
    /// The long links of Native mode 1, by what a payer may scan instead.
    pub product_links: HashMap<String, String>,
    /// Notices to merchants.
    pub outbox: Outbox,
    /// What happens to the next bills.
    pub bills: BillRules,
    /// Faults that wait.
    pub faults: FaultQueue,
    /// What arrived.
    pub log: Log,
    /// Nonces of requests of APIv3: none may come again.
    pub v3_nonces: HashSet<String>,
    /// How the gateway proves itself in APIv3.
    pub platform: Platform,
    /// Bills behind links of APIv3.
    pub linked: LinkedFiles,
    /// Answers of closeorder as captured in 2018 instead of as documented.
    pub captured_manners: bool,
    /// Calls that come too soon by WeChat's pages are refused: a close in the first 5 minutes of an order, two parts of
    /// a refund within one.
    pub keeps_pace: bool,
    /// An order is there only for the appid that placed it.
    pub by_appid: bool,
    seed: u64,
}

impl GatewayState {
    /// An empty gateway.
    pub fn new(options: &Options, seed: u64) -> Self {
        let mut accounts = options.accounts.clone();
        if accounts.is_empty() {
            accounts.push(Account::default());
        }
        Self {
            accounts,
            clock: SimulatedClock::default(),
            dice: Rng::new(seed),
            own_dice: Rng::about(seed, "notices"),
            book: Book::default(),
            refunds: RefundBook::default(),
            balances: Balances::default(),
            refund_ms: 5 * SECOND,
            till: PaymentScripts::default(),
            product_links: HashMap::new(),
            outbox: Outbox::default(),
            bills: BillRules::default(),
            faults: FaultQueue::default(),
            log: Log::default(),
            v3_nonces: HashSet::new(),
            platform: Platform::default(),
            linked: LinkedFiles::default(),
            captured_manners: false,
            keeps_pace: false,
            by_appid: false,
            seed,
        }
    }

    /// Forgets everything but the merchants.
    pub fn reset(&mut self) {
        let options = Options { accounts: std::mem::take(&mut self.accounts), ..Options::default() };
        let mut outbox = std::mem::take(&mut self.outbox);
        outbox.clear();
        *self = Self::new(&options, self.seed);
        self.outbox = outbox;
    }

    /// The merchant that the control details when it names none.
    pub fn first_account(&self) -> Account {
        self.accounts.first().cloned().unwrap_or_default()
    }

    /// Lets happen what was due by now.
    pub fn pass_time(&mut self) {
        let now = self.clock.now();
        for (place, at) in self.book.pass_time(now) {
            self.pay_at(place, at, PaymentDetails::default());
        }
        for place in self.refunds.pass_time(now) {
            self.announce_refund(place);
        }
    }

    /// The payer pays: the order becomes SUCCESS.
    pub fn pay(&mut self, place: usize, details: PaymentDetails) {
        self.pay_at(place, self.clock.now(), details);
    }

    /// The payer has paid at a time of his own.
    pub fn pay_at(&mut self, place: usize, now: i64, details: PaymentDetails) {
        let mut dice = self.dice_about(place);
        let transaction_id = transaction_id(&mut dice, now);
        let openid = format!("oUpF8u{}", dice.letters(22));
        if let Some(order) = self.book.get_mut(place) {
            order.pay(now, details, transaction_id, openid);
            self.book.index_transaction(place);
        }
    }

    /// Sends the notice of an order's payment on its way, if it has an address.
    pub fn announce_payment(&mut self, place: usize) {
        let now = self.clock.now();
        if let Some(message) = self.payment_message(place).filter(|m| !m.url.is_empty()) {
            self.outbox.post(message, now);
        }
    }

    /// Sends the notice of a refund's end on its way, if it has an address.
    pub fn announce_refund(&mut self, place: usize) {
        let now = self.clock.now();
        if let Some(message) = self.refund_message(place).filter(|m| !m.url.is_empty()) {
            self.outbox.post(message, now);
        }
    }

    /// Dice for the payment of one order.
    pub fn dice_about(&self, place: usize) -> Rng {
        let order = self.book.get(place);
        let name = order.map(|o| format!("{}:{}:{}", o.mch_id, o.sub_mch_id, o.out_trade_no));
        Rng::about(self.seed, &name.unwrap_or_default())
    }

    fn key_of(&self, order: &PlacedOrder) -> Option<String> {
        let account = self.accounts.iter().find(|a| a.mch_id == order.mch_id);
        account.map(|account| account.key.clone())
    }

    /// The letter about an order's payment.
    pub fn payment_letter(&mut self, place: usize) -> Option<PaymentNoticeBody> {
        let payment = self.book.get(place)?.payment.clone()?;
        self.letter_about(place, &payment)
    }

    /// The letter about a payment of an order that may never have been made.
    pub fn letter_about(&mut self, place: usize, payment: &PlacedPayment) -> Option<PaymentNoticeBody> {
        let nonce = self.own_dice.hex(32);
        let order = self.book.get(place)?;
        let key = self.key_of(order)?;
        Some(PaymentNoticeBody::of(order, payment, &nonce, &key))
    }

    /// The letter about a refund.
    pub fn refund_letter(&mut self, place: usize) -> Option<RefundNoticeBody> {
        let nonce = self.own_dice.hex(32);
        let refund = self.refunds.get(place)?;
        let order = self.book.get(refund.order)?;
        let key = self.key_of(order)?;
        Some(RefundNoticeBody::of(order, refund, &nonce, &key))
    }

    /// What writes notices of APIv3 and signs them, now.
    pub fn v3_notices(&mut self) -> V3Notices<'_> {
        V3Notices { platform: &mut self.platform, dice: &mut self.own_dice, now: self.clock.now() }
    }

    fn in_v3(&mut self, resource: &Value) -> (String, NoticeProof) {
        let body = self.v3_notices().envelope(resource, V3_MATERIAL.api_v3_key);
        (body, NoticeProof::Headers(SignatureFault::Nothing))
    }

    fn payment_message(&mut self, place: usize) -> Option<QueuedNotice> {
        let letter = self.payment_letter(place)?;
        let (body, proof) = match letter.method {
            SignMethod::Rsa => self.in_v3(&notice::payment_in_v3(&letter.document)),
            _ => (letter.body(), NoticeProof::Inside),
        };
        let order = self.book.get(place)?;
        Some(QueuedNotice {
            kind: NoticeKind::Payment,
            out_trade_no: order.out_trade_no.clone(),
            out_refund_no: String::new(),
            url: order.notify_url.clone(),
            body,
            proof,
            mutate: String::new(),
        })
    }

    fn refund_message(&mut self, place: usize) -> Option<QueuedNotice> {
        let letter = self.refund_letter(place)?;
        let (body, proof) = if self.refunds.get(place)?.by_v3 {
            self.in_v3(&notice::refund_in_v3(&letter.outer, &letter.inner))
        } else {
            (letter.body(), NoticeProof::Inside)
        };
        let refund = self.refunds.get(place)?;
        let order = self.book.get(refund.order)?;
        Some(QueuedNotice {
            kind: NoticeKind::Refund,
            out_trade_no: order.out_trade_no.clone(),
            out_refund_no: refund.out_refund_no.clone(),
            url: refund.notify_url.clone(),
            body,
            proof,
            mutate: String::new(),
        })
    }
}

fn transaction_id(dice: &mut Rng, now: i64) -> String {
    let day: String = clock::compact(now).chars().take(8).collect();
    format!("42000000{day}{}", dice.digits(12))
}
