//! The judge: what the client says against the gateway's book.

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use wechatpay::model::refund::{RefundEntry, RefundList, RefundReceipt};
use wechatpay::{Order, TradeState};

/// What is wrong, in words.
pub type Verdict = Result<(), String>;

/// The book at one moment.
pub struct Book {
    pub orders: BTreeMap<String, Value>,
    pub refunds: Vec<Value>,
}

/// The book before and after a call: it may have changed while the answer was on its way.
pub struct Moments {
    pub before: Book,
    pub after: Book,
}

/// What the shop has asked for: the amounts, by refund number.
#[derive(Default)]
pub struct Asked {
    pub refunds: BTreeMap<String, BTreeSet<i64>>,
    pub sales: BTreeMap<String, BTreeSet<i64>>,
}

pub fn word<'a>(entry: &'a Value, name: &str) -> &'a str {
    entry[name].as_str().unwrap_or_default()
}

impl Book {
    pub fn new(orders: &Value, refunds: Value) -> Self {
        let orders = orders.as_array().unwrap().iter();
        let orders = orders.map(|order| (word(order, "out_trade_no").to_owned(), order.clone())).collect();
        let Value::Array(refunds) = refunds else { panic!("{refunds}") };
        Self { orders, refunds }
    }

    pub fn state(&self, out_trade_no: &str) -> &str {
        self.orders.get(out_trade_no).map_or("", |order| word(order, "trade_state"))
    }

    pub fn refund(&self, out_refund_no: &str) -> Option<&Value> {
        self.refunds.iter().find(|refund| word(refund, "out_refund_no") == out_refund_no)
    }

    pub fn refunds_of(&self, out_trade_no: &str) -> Vec<&Value> {
        self.refunds.iter().filter(|refund| word(refund, "out_trade_no") == out_trade_no).collect()
    }

    /// Money goes where the shop has sent it, once, and no more of it.
    pub fn is_sound(&self, asked: &Asked) -> Verdict {
        let mut numbers = BTreeSet::new();
        for refund in &self.refunds {
            let (number, fee) = (word(refund, "out_refund_no"), refund["refund_fee"].as_i64().unwrap());
            hold(numbers.insert(number), || format!("{number} was refunded twice"))?;
            let wanted = asked.refunds.get(number).is_some_and(|fees| fees.contains(&fee));
            hold(wanted, || format!("nobody asked for {number} of {fee}"))?;
        }
        for (number, order) in &self.orders {
            let total = order["total_fee"].as_i64().unwrap();
            let wanted = asked.sales.get(number).is_some_and(|fees| fees.contains(&total));
            hold(wanted, || format!("nobody asked for {number} of {total}"))?;
            let open = self.refunds_of(number).into_iter().filter(|r| word(r, "status") != "REFUNDCLOSE");
            let sum: i64 = open.filter_map(|refund| refund["refund_fee"].as_i64()).sum();
            hold(sum <= total, || format!("{sum} of {total} of {number} were refunded"))?;
        }
        Ok(())
    }
}

fn hold(is_so: bool, otherwise: impl FnOnce() -> String) -> Verdict {
    if is_so { Ok(()) } else { Err(otherwise()) }
}

/// A field that came must be the book's; one that did not come says nothing.
fn same<T: PartialEq + std::fmt::Debug + ?Sized>(name: &str, told: Option<&T>, book: &T) -> Verdict {
    hold(told.is_none_or(|told| told == book), || format!("{name}: told {told:?}, the book has {book:?}"))
}

fn text(name: &str, told: Option<&str>, book: &Value, key: &str) -> Verdict {
    same(name, told, word(book, key))
}

fn number(name: &str, told: Option<i64>, book: &Value, key: &str) -> Verdict {
    same(name, told.map(Some).as_ref(), &book[key].as_i64())
}

impl Moments {
    /// Either moment bears it out.
    fn either(&self, judge: impl Fn(&Book) -> Verdict) -> Verdict {
        judge(&self.after).or_else(|after| {
            let before = judge(&self.before).err();
            before.map_or(Ok(()), |before| Err(format!("{after}; and before the call: {before}")))
        })
    }

    /// An order is the book's; an unknown state is only believed where a fault made it so.
    pub fn bear_out(&self, order: &Order, may_be_unknown: bool) -> Verdict {
        let number = order.typed().out_trade_no.unwrap_or_default();
        self.either(|book| {
            let entry = book.orders.get(number).ok_or_else(|| format!("the book has no order {number}"))?;
            if !(may_be_unknown && order.trade_state() == TradeState::Unknown) {
                same("trade_state", Some(&order.trade_state().wire()), &word(entry, "trade_state"))?;
            }
            is_the_order(order, entry)
        })
    }

    /// Every refund of the list is the book's, and none of the book's is missing.
    pub fn bear_out_list(&self, list: &RefundList, of: &str, may_be_unknown: bool) -> Verdict {
        let count = |book: &Book| match of.strip_prefix("refund ") {
            Some(_) => 1,
            None => book.refunds_of(of).len(),
        };
        self.either(|book| {
            same("how many refunds", Some(&list.entries().len()), &count(book))?;
            let Some(first) = list.entries().first() else { return Ok(()) };
            let order = found(book, first)?;
            let order = book.orders.get(word(order, "out_trade_no")).ok_or("a refund of no order")?;
            number("total_fee", list.trade().total_fee, order, "total_fee")?;
            text("out_trade_no", list.trade().out_trade_no.as_deref(), order, "out_trade_no")?;
            number("cash_fee", list.trade().cash_fee, &order["payment"], "cash_fee")
        })?;
        list.entries().iter().try_for_each(|entry| {
            self.either(|book| {
                let refund = found(book, entry)?;
                if !(may_be_unknown && entry.refund_status.wire() == "UNKNOWN") {
                    same("refund_status", Some(&entry.refund_status.wire()), &word(refund, "status"))?;
                }
                text("refund_id", entry.refund_id.as_deref(), refund, "refund_id")?;
                number("refund_fee", entry.refund_fee, refund, "refund_fee")?;
                number("coupon_refund_fee", entry.coupon_refund_fee, refund, "coupon_refund_fee")
            })
        })
    }

    /// A receipt is for the refund in the book.
    pub fn bear_out_receipt(&self, receipt: &RefundReceipt, out_refund_no: &str) -> Verdict {
        let refund = self.after.refund(out_refund_no);
        let refund = refund.ok_or_else(|| format!("a receipt, but no refund {out_refund_no}"))?;
        text("refund_id", receipt.typed().refund_id.as_deref(), refund, "refund_id")?;
        text("out_refund_no", receipt.typed().out_refund_no.as_deref(), refund, "out_refund_no")?;
        number("refund_fee", receipt.typed().refund_fee, refund, "refund_fee")?;
        number("cash_refund_fee", receipt.typed().cash_refund_fee, refund, "cash_refund_fee")
    }

    /// Nothing was done but what time does: payers pay or give up, refunds arrive. A code payment that was refused
    /// may leave its number behind, dead and unpaid.
    pub fn are_one(&self) -> Verdict {
        for (number, after) in &self.after.orders {
            let Some(before) = self.before.orders.get(number) else {
                let is_dead = word(after, "trade_state") == "PAYERROR" && after["payment"].is_null();
                hold(is_dead, || format!("{number} is new: {after}"))?;
                continue;
            };
            let waited = word(before, "trade_state") == "USERPAYING";
            let ours = ["trade_state", "payment", "prepay_id", "total_fee"];
            let kept = ours.iter().all(|name| before[*name] == after[*name]);
            let by_time = waited && !matches!(word(after, "trade_state"), "REVOKED" | "CLOSED" | "REFUND");
            hold(kept || by_time, || format!("{number} was {before} and is {after}"))?;
        }
        for after in &self.after.refunds {
            let number = word(after, "out_refund_no");
            let before = self.before.refund(number).ok_or_else(|| format!("{number} is new: {after}"))?;
            let arrived = word(before, "status") == "PROCESSING" && word(after, "status") == "SUCCESS";
            let kept = before["status"] == after["status"] && before["refund_fee"] == after["refund_fee"];
            hold(kept || arrived, || format!("{number} was {before} and is {after}"))?;
        }
        Ok(())
    }
}

fn found<'a>(book: &'a Book, entry: &RefundEntry) -> Result<&'a Value, String> {
    let by = |name: &str, wanted: Option<&String>| {
        book.refunds.iter().find(|refund| wanted.is_some_and(|wanted| word(refund, name) == wanted))
    };
    by("out_refund_no", entry.out_refund_no.as_ref())
        .or_else(|| by("refund_id", entry.refund_id.as_ref()))
        .ok_or_else(|| format!("the book has no refund {:?} {:?}", entry.out_refund_no, entry.refund_id))
}

fn is_the_order(order: &Order, entry: &Value) -> Verdict {
    let told = order.typed();
    text("appid", told.appid, entry, "appid")?;
    text("mch_id", told.mch_id, entry, "mch_id")?;
    text("sub_mch_id", told.sub_mch_id, entry, "sub_mch_id")?;
    text("trade_type", told.trade_type, entry, "trade_type")?;
    text("attach", told.attach, entry, "attach")?;
    number("total_fee", told.total_fee, entry, "total_fee")?;
    let payment = &entry["payment"];
    text("transaction_id", told.transaction_id, payment, "transaction_id")?;
    text("openid", told.openid, payment, "openid")?;
    text("bank_type", told.bank_type, payment, "bank_type")?;
    number("cash_fee", told.cash_fee, payment, "cash_fee")?;
    number("coupon_fee", told.coupon_fee, payment, "coupon_fee")?;
    let coupons: Vec<_> = order.coupons().into_iter().map(|coupon| (coupon.id, coupon.fee)).collect();
    let book = payment["coupons"].as_array().into_iter().flatten();
    let book: Vec<_> = book.map(|coupon| (Some(word(coupon, "id").into()), coupon["fee"].as_i64())).collect();
    same("coupons", Some(&coupons).filter(|_| order.is_paid()), &book)
}
