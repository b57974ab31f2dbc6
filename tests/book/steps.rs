//! One case: a shop that calls at random, and the judge who looks into the book after each call.

use super::chance::Chance;
use super::judge::{Asked, Book, Moments, Verdict, word};
use super::shop::{Premises, Shop};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use wechatpay::api::close_order::CloseOrder;
use wechatpay::api::flows::poll::PollLimits;
use wechatpay::api::micropay::{Clients, Micropay, Patience, Sale};
use wechatpay::api::order_query::OrderQuery;
use wechatpay::api::refund::Refund;
use wechatpay::api::refund_query::RefundsOf;
use wechatpay::api::reverse::Reverse;
use wechatpay::api::unified_order::{Basics, UnifiedOrder};
use wechatpay::model::merchant::{Credentials, Merchant};
use wechatpay::model::order_id::OrderId;
use wechatpay::model::prepay::Prepay;
use wechatpay::model::refund::{RefundList, RefundReceipt};
use wechatpay::{Error, Fault, Order};

const SCENARIOS: &[&str] = &[
    "ok",
    "ok",
    "ok",
    "timeout",
    "lost",
    "page_502",
    "password",
    "password_never",
    "payerror",
    "bank_error",
    "system_error",
    "not_enough",
    "cancelled",
    "auth_code_expired",
    "auth_code_error",
    "auth_code_invalid",
    "not_support_card",
    "order_reversed",
    "buyer_mismatch",
    "no_auth",
    "frequency_limited",
    "error",
];
/// Of these, what the payer may still pay later.
const OPEN: &[&str] = &["timeout", "page_502", "password", "payerror", "bank_error", "system_error"];
/// Nobody ever placed it.
const STRANGER: &str = "NOBODYS-ORDER";

/// How often each call was made, and how often it went well.
#[derive(Debug, Default)]
pub struct Tally(BTreeMap<&'static str, (u32, u32)>);

impl Tally {
    fn note(&mut self, call: &'static str, went_well: bool) {
        let (made, well) = self.0.entry(call).or_default();
        *made += 1;
        *well += u32::from(went_well);
    }

    /// Did each call go well at least once, and fail? A run in which nothing ever went well, or nothing ever failed, proves nothing.
    pub fn is_worth_something(&self) -> bool {
        self.0.len() >= 8 && self.0.values().all(|(made, well)| 0 < *well && well < made)
    }
}

/// What a call came to.
enum Said {
    Placed(Prepay),
    Told(Box<Order>),
    Refunds(Box<RefundList>),
    Receipt(Box<RefundReceipt>),
    Closed,
    Reversed,
}

type Outcome = Result<Said, Fault>;

/// A call, and what it is about.
struct Made {
    call: &'static str,
    about: String,
}

pub struct Case<'a> {
    seed: u64,
    chance: Chance,
    shop: Shop,
    asked: Asked,
    tally: &'a mut Tally,
    story: Vec<String>,
    /// What was asked first, by number: order and amount.
    refunds: Vec<(String, String, i64)>,
    codes: u64,
}

impl<'a> Case<'a> {
    pub fn new(premises: &Premises, seed: u64, tally: &'a mut Tally) -> Self {
        let mut chance = Chance(seed);
        let shop = Shop::new(premises, &mut chance);
        let story =
            vec![format!("{:?} {:?}", shop.merchant.v2().unwrap().sign_type, shop.merchant.sub_mch_id)];
        Self { seed, chance, shop, asked: Asked::default(), tally, story, refunds: Vec::new(), codes: 0 }
    }

    pub fn run(mut self, steps: usize) {
        for _ in 0..steps {
            self.life_goes_on();
            if let Err(fault) = self.step() {
                let (seed, story) = (self.seed, self.story.join("\n  "));
                panic!("{fault}\n  {story}\nSEED={seed} replays it");
            }
        }
    }

    fn book(&self) -> Book {
        Book::new(&self.shop.desk().look("/orders"), self.shop.desk().look("/refunds"))
    }

    fn step(&mut self) -> Verdict {
        let before = self.book();
        let kind = self.chance.below(20);
        let (made, said) = match kind {
            0..=3 => self.place(&before),
            4..=6 => self.query(&before),
            7 => self.wait(&before),
            8 => self.close(&before),
            9..=11 => self.micropay(&before),
            12 => self.reverse(&before),
            13..=16 => self.refund(&before),
            _ => self.list(&before),
        };
        self.shop.desk().clear("/faults");
        let story = match &said {
            Ok(_) => "went well".to_owned(),
            Err(fault) => format!("{} (maybe processed: {})", fault.error, fault.maybe_processed),
        };
        self.story.push(format!("{} {}: {story}", made.call, made.about));
        self.tally.note(made.call, said.is_ok());
        let moments = Moments { before, after: self.book() };
        moments.after.is_sound(&self.asked)?;
        self.judged(&moments, &made, &said)
    }

    fn judged(&self, moments: &Moments, made: &Made, said: &Outcome) -> Verdict {
        let strange = self
            .story
            .iter()
            .rev()
            .nth(1)
            .is_some_and(|faults| faults.contains("unknown_state") || faults.contains("remove_field"));
        let state = moments.after.state(&made.about);
        let dead = matches!(state, "REVOKED" | "CLOSED");
        match said {
            Ok(Said::Told(order)) => moments.bear_out(order, strange),
            Ok(Said::Refunds(list)) => moments.bear_out_list(list, &made.about, strange),
            Ok(Said::Receipt(receipt)) => moments.bear_out_receipt(receipt, &made.about),
            Ok(Said::Placed(prepay)) => {
                let book = moments.after.orders.get(&made.about).ok_or("placed, but not in the book")?;
                let told = prepay.prepay_id.as_deref();
                let same = told.is_none_or(|told| told == word(book, "prepay_id"));
                if same { Ok(()) } else { Err(format!("told {told:?}, the book has {book}")) }
            }
            Ok(Said::Closed | Said::Reversed) if dead => Ok(()),
            Ok(Said::Closed | Said::Reversed) => Err(format!("not closed but {state}")),
            Err(Fault { error: Error::Undecided { reversed: true, .. }, .. }) if !dead => {
                Err(format!("not reversed but {state}"))
            }
            Err(fault) if !fault.maybe_processed => moments.are_one(),
            Err(_) => Ok(()),
        }
    }

    /// The merchant in either dialect: one shop speaks both.
    fn merchant(&mut self) -> Arc<Merchant> {
        let by_v3 = self.chance.one_in(2);
        self.story.push(if by_v3 { "    in APIv3" } else { "    in v2" }.to_owned());
        if by_v3 { self.shop.in_v3.clone() } else { self.shop.merchant.clone() }
    }

    /// Sets the faults for a call. APIv3's paths have numbers in them: its faults strike any.
    fn trouble_for(&mut self, merchant: &Merchant, path: &str) {
        let is_v3 = matches!(merchant.credentials, Credentials::V3(_));
        self.trouble(if is_v3 { "*" } else { path });
    }

    /// Sets the faults for a call.
    fn trouble(&mut self, path: &str) {
        let (now, later) = {
            let mut mishaps = self.shop.clock.mishaps.lock().unwrap();
            (mishaps.plan(&mut self.chance, path), mishaps.told())
        };
        for fault in &now {
            self.shop.desk().tell("/faults", fault);
        }
        let now: String = now.iter().map(Value::to_string).collect();
        self.story.push(format!("    under {now}{later}"));
    }

    /// What happens without the shop: payers pay, refunds arrive or bounce, time passes, connections end.
    fn life_goes_on(&mut self) {
        let book = self.book();
        let desk = self.shop.desk();
        match self.chance.below(8) {
            0 | 1 => {
                let order = self.some_order(&book);
                let mut pay = json!({ "out_trade_no": order });
                let total = book.orders.get(&order).and_then(|order| order["total_fee"].as_i64());
                if let Some(total) = total.filter(|total| *total > 1 && self.chance.one_in(2)) {
                    let fee = self.chance.fen(total - 1);
                    pay["coupons"] =
                        json!([{"id": "C1", "type": self.chance.pick(&["CASH", "NO_CASH"]), "fee": fee}]);
                }
                let paid = self.shop.desk().asks("/pay", &pay).is_some();
                self.story.push(format!("  pay {pay}: {paid}"));
            }
            2 => {
                let open = book.refunds.iter().filter(|refund| word(refund, "status") == "PROCESSING");
                let open: Vec<_> = open.map(|refund| word(refund, "out_refund_no")).collect();
                if open.is_empty() {
                    return;
                }
                let number = self.chance.pick(&open);
                let status = self.chance.pick(&["SUCCESS", "CHANGE", "REFUNDCLOSE"]);
                let end = json!({ "out_refund_no": number, "status": status });
                self.story.push(format!("  refund ends {end}"));
                self.shop.desk().tell("/refunds", &end);
            }
            3 => {
                let by = json!({ "advance_ms": 1_000 * self.chance.fen(60) });
                self.story.push(format!("  time {by}"));
                desk.tell("/clock", &by);
            }
            4 => desk.clear("/connections"),
            5 => self.platform_changes(),
            _ => {}
        }
    }

    /// WeChat goes from certificates to its public key and back, rotates certificates, and probes.
    fn platform_changes(&mut self) {
        let change = match self.chance.below(3) {
            0 => {
                json!({ "mode": self.chance.pick(&["public_key", "certificates", "switching", "switching"]) })
            }
            1 => json!({ "certificates": self.chance.pick(&["old", "both", "new"]) }),
            _ => json!({ "probes": self.chance.below(40) }),
        };
        self.story.push(format!("  the platform: {change}"));
        self.shop.desk().tell("/platform", &change);
    }

    fn some_order(&mut self, book: &Book) -> String {
        let numbers: Vec<_> = book.orders.keys().cloned().collect();
        if numbers.is_empty() || self.chance.one_in(20) {
            return STRANGER.to_owned();
        }
        self.chance.pick(&numbers).clone()
    }

    /// By the shop's number, or by WeChat's where there is one.
    fn some_id(&mut self, book: &Book, number: &str) -> OrderId {
        let payment = book.orders.get(number).map(|order| &order["payment"]);
        let transaction = payment.map(|payment| word(payment, "transaction_id")).unwrap_or_default();
        if transaction.is_empty() || self.chance.one_in(2) {
            return OrderId::out_trade_no(number).unwrap();
        }
        OrderId::transaction_id(transaction).unwrap()
    }

    /// A number of a new sale, or of an old one; the amount it had, or another.
    fn sale(&mut self, book: &Book, old_one_in: usize) -> (String, i64) {
        let fresh = format!("T{:010}", self.asked.sales.len());
        let number = if self.chance.one_in(old_one_in) { self.some_order(book) } else { fresh };
        let known = book.orders.get(&number).and_then(|order| order["total_fee"].as_i64());
        let fee = known.filter(|_| !self.chance.one_in(4)).unwrap_or_else(|| self.chance.fen(200));
        self.asked.sales.entry(number.clone()).or_default().insert(fee);
        (number, fee)
    }

    fn place(&mut self, book: &Book) -> (Made, Outcome) {
        let merchant = self.merchant();
        let (number, total_fee) = self.sale(book, 4);
        self.trouble_for(&merchant, "/pay/unifiedorder");
        let basics = Basics {
            trade_type: "NATIVE",
            out_trade_no: &number,
            total_fee,
            body: "茶",
            notify_url: "https://shop.example/notify",
            spbill_create_ip: "127.0.0.1",
        };
        let order = UnifiedOrder::new(&basics, &[("attach", "a&b")]).unwrap();
        let said = self.shop.plain(&merchant).ask(&order).map(Said::Placed);
        (Made { call: "unifiedorder", about: number }, said)
    }

    fn query(&mut self, book: &Book) -> (Made, Outcome) {
        let merchant = self.merchant();
        let number = self.some_order(book);
        let query = OrderQuery(self.some_id(book, &number));
        self.trouble_for(&merchant, "/pay/orderquery");
        let said = self.shop.plain(&merchant).ask(&query);
        (Made { call: "orderquery", about: number }, said.map(|order| Said::Told(Box::new(order))))
    }

    fn wait(&mut self, book: &Book) -> (Made, Outcome) {
        let merchant = self.merchant();
        let number = self.some_order(book);
        let query = OrderQuery(self.some_id(book, &number));
        self.trouble_for(&merchant, "/pay/orderquery");
        let limits = PollLimits { timeout_ms: 10_000, interval_ms: 2_000 };
        let mut watch = self.shop.patient(4);
        let said = self.shop.plain(&merchant).until_final(&query, limits, &mut watch);
        (Made { call: "until final", about: number }, said.map(|order| Said::Told(Box::new(order))))
    }

    fn close(&mut self, book: &Book) -> (Made, Outcome) {
        let merchant = self.merchant();
        let number = self.some_order(book);
        self.trouble_for(&merchant, "/pay/closeorder");
        let call = CloseOrder { out_trade_no: OrderId::out_trade_no(&number).unwrap() };
        let said = self.shop.plain(&merchant).ask(&call);
        (Made { call: "closeorder", about: number }, said.map(|()| Said::Closed))
    }

    fn micropay(&mut self, book: &Book) -> (Made, Outcome) {
        let merchant = self.merchant();
        let (number, total_fee) = self.sale(book, 6);
        self.codes += 1;
        let auth_code = format!("13{:016}", self.codes);
        let scenario = *self.chance.pick(SCENARIOS);
        let mut script = json!({ "auth_code": auth_code, "scenario": scenario });
        if OPEN.contains(&scenario) && self.chance.one_in(2) {
            script["pay_after_ms"] = json!(1_000 * self.chance.fen(40));
        }
        self.shop.desk().tell("/micropay", &script);
        self.stumbling(&number);
        self.story.push(format!("    {script} of {total_fee}"));
        self.trouble_for(&merchant, "/pay/micropay");
        let sale = Sale {
            out_trade_no: &number,
            auth_code: &auth_code,
            total_fee,
            body: "茶",
            spbill_create_ip: "::1",
        };
        let store = ("scene_info".to_owned(), r#"{"store_info":{"id":"S1"}}"#.to_owned());
        let call = Micropay::new(&sale, &[store]).unwrap();
        let (plain, certified) = (self.shop.plain(&merchant), self.shop.certified(&merchant));
        let patience = Patience { timeout_ms: 15_000, interval_ms: 3_000 };
        let mut watch = self.shop.patient(if self.chance.one_in(4) { 2 } else { 100 });
        let said = Clients { plain: &plain, certified: &certified }.pay(&call, patience, &mut watch);
        (Made { call: "micropay", about: number }, said.map(|order| Said::Told(Box::new(order))))
    }

    /// Lets the next reverses of an order stumble.
    fn stumbling(&mut self, number: &str) {
        let mut way = json!({ "out_trade_no": number });
        for name in ["recall", "userpaying", "system_error", "page_502", "silent"] {
            if self.chance.one_in(6) {
                way[name] = json!(1 + self.chance.below(2));
            }
        }
        way["carried_out"] = json!(self.chance.one_in(2));
        self.story.push(format!("    reverse {way}"));
        self.shop.desk().tell("/reverse", &way);
    }

    fn reverse(&mut self, book: &Book) -> (Made, Outcome) {
        let codes = book.orders.iter().filter(|(_, order)| word(order, "trade_type") == "MICROPAY");
        let codes: Vec<_> = codes.map(|(number, _)| number.clone()).collect();
        let by_chance = codes.is_empty() || self.chance.one_in(4);
        let number = if by_chance { self.some_order(book) } else { self.chance.pick(&codes).clone() };
        let merchant = self.merchant();
        let by_number_only = matches!(merchant.credentials, Credentials::V3(_));
        let by_number = OrderId::out_trade_no(&number).unwrap();
        let call = Reverse(if by_number_only { by_number } else { self.some_id(book, &number) });
        self.stumbling(&number);
        self.trouble_for(&merchant, "/secapi/pay/reverse");
        let said = self.shop.certified(&merchant).reverse(&call);
        (Made { call: "reverse", about: number }, said.map(|()| Said::Reversed))
    }

    fn refund(&mut self, book: &Book) -> (Made, Outcome) {
        let merchant = self.merchant();
        let paid = book.orders.iter().filter(|(_, order)| !order["payment"].is_null());
        let paid: Vec<_> = paid.map(|(number, _)| number.clone()).collect();
        let by_chance = paid.is_empty() || self.chance.one_in(8);
        let order = if by_chance { self.some_order(book) } else { self.chance.pick(&paid).clone() };
        let total = book.orders.get(&order).and_then(|order| order["total_fee"].as_i64()).unwrap_or(100);
        let (order, total, number, fee) = match self.chance.below(4) {
            0 if !self.refunds.is_empty() => self.again(book),
            _ => (order, total, format!("R{:06}", self.refunds.len()), self.chance.fen(total)),
        };
        self.refunds.push((number.clone(), order.clone(), fee));
        self.asked.refunds.entry(number.clone()).or_default().insert(fee);
        self.story.push(format!("    {fee} of {total} of {order}"));
        let id = self.some_id(book, &order);
        self.trouble_for(&merchant, "/secapi/pay/refund");
        let call = Refund::new(id, &number, total, fee).unwrap();
        let said = self.shop.certified(&merchant).refund(&call);
        (Made { call: "refund", about: number }, said.map(|receipt| Said::Receipt(Box::new(receipt))))
    }

    /// An old number: with the amount it had, or with another.
    fn again(&mut self, book: &Book) -> (String, i64, String, i64) {
        let (number, order, fee) = self.chance.pick(&self.refunds).clone();
        let total = book.orders.get(&order).and_then(|order| order["total_fee"].as_i64()).unwrap_or(fee);
        let fee = if self.chance.one_in(3) { self.chance.fen(total) } else { fee };
        (order, total.max(fee), number, fee)
    }

    fn list(&mut self, book: &Book) -> (Made, Outcome) {
        let merchant = self.merchant();
        let refunded = book.refunds.iter().map(|refund| word(refund, "out_trade_no").to_owned());
        let refunded: Vec<_> = refunded.collect();
        let by_number_only = matches!(merchant.credentials, Credentials::V3(_));
        let by_order = !by_number_only && (refunded.is_empty() || self.chance.one_in(6));
        let (about, of) = if by_number_only && refunded.is_empty() {
            ("refund R9".to_owned(), RefundsOf::out_refund_no("R9").unwrap())
        } else if by_order {
            let order = self.some_order(book);
            (order.clone(), RefundsOf::Order(self.some_id(book, &order)))
        } else if !by_number_only && self.chance.one_in(2) {
            let order = self.chance.pick(&refunded).clone();
            (order.clone(), RefundsOf::Order(self.some_id(book, &order)))
        } else {
            let refund = self.chance.pick(&book.refunds);
            let (number, id) = (word(refund, "out_refund_no"), word(refund, "refund_id"));
            let by_number = by_number_only || self.chance.one_in(2);
            let of = if by_number { RefundsOf::out_refund_no(number) } else { RefundsOf::refund_id(id) };
            (format!("refund {number}"), of.unwrap())
        };
        self.trouble_for(&merchant, "/pay/refundquery");
        let said = self.shop.plain(&merchant).refunds(&of);
        (Made { call: "refundquery", about }, said.map(|list| Said::Refunds(Box::new(list))))
    }
}
