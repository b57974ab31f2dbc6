//! A second reconciler, made from the rules alone: maps of texts, every row kept. Both must find the same.

use super::reconcile::day;
use crate::bill::reconcile::books::{BookRefund, BookRow, Listed};
use crate::bill::reconcile::compare::{Day, Terms, compare};
use crate::bill::reconcile::difference::BothValues;
use crate::bill::source::BillSource;
use proptest::prelude::*;
use std::collections::BTreeSet;
use time::{Date, Duration};

const HEADER: &str = "交易时间,公众账号ID,商户号,微信订单号,商户订单号,交易状态,货币种类,应结订单金额,微信退款单号,\
                      商户退款单号,退款金额,退款状态,手续费,费率,订单金额,申请退款金额";

/// A row of a bill.
#[derive(Debug, Clone)]
struct Line {
    appid: &'static str,
    transaction: String,
    order: String,
    state: &'static str,
    fee_type: &'static str,
    total_fee: i64,
    refund: String,
    refund_fee: i64,
    fee: i64,
}

impl Line {
    fn is_paid(&self) -> bool {
        self.state == "SUCCESS"
    }

    fn text(&self) -> String {
        let yuan = |fen: i64| format!("{}.{:02}", fen / 100, fen % 100);
        let (total, refund) = (yuan(self.total_fee), yuan(self.refund_fee));
        let sign = if self.fee < 0 { "-" } else { "" };
        let fee = format!("{sign}0.{:05}", self.fee.abs());
        let Self { appid, transaction, order, state, fee_type, refund: number, .. } = self;
        format!(
            "`2026-02-12 10:00:00,`{appid},`1,`{transaction},`{order},`{state},`{fee_type},`{total},`W{number},\
             `{number},`{refund},`SUCCESS,`{fee},`1%,`{total},`{refund}\n"
        )
    }
}

#[derive(Debug, Clone)]
struct Refund {
    number: String,
    fee: i64,
    state: Option<&'static str>,
    asked_on: Option<Date>,
}

#[derive(Debug, Clone)]
struct Order {
    number: String,
    fee: i64,
    fee_type: Option<&'static str>,
    state: &'static str,
    transaction: Option<String>,
    paid_on: Option<Date>,
    refunds: Vec<Refund>,
}

impl Order {
    fn is_paid(&self) -> bool {
        self.state == "SUCCESS" || self.state == "REFUND"
    }

    fn row(&self) -> BookRow<'_> {
        let refund = |refund: &'_ Refund| -> (i64, Option<&'static str>, Option<Date>) {
            (refund.fee, refund.state, refund.asked_on)
        };
        BookRow {
            out_trade_no: &self.number,
            total_fee: self.fee,
            fee_type: self.fee_type,
            state: self.state,
            transaction_id: self.transaction.as_deref(),
            paid_on: self.paid_on,
            refunds: self
                .refunds
                .iter()
                .map(|known| {
                    let (refund_fee, state, asked_on) = refund(known);
                    BookRefund { out_refund_no: &known.number, refund_fee, state, asked_on }
                })
                .collect(),
        }
    }
}

fn lines() -> impl Strategy<Value = Vec<Line>> {
    let line = (
        prop::sample::select(vec!["wx1", "wx1", "wx2", ""]),
        0..4_u8,
        0..5_u8,
        prop::sample::select(vec!["SUCCESS", "SUCCESS", "SUCCESS", "REFUND", "REFUND", "REVOKED", "FROZEN"]),
        prop::sample::select(vec!["CNY", "CNY", "CNY", "HKD", ""]),
        prop::sample::select(vec![100_i64, 100, 100, 200]),
        0..4_u8,
        prop::sample::select(vec![0_i64, 0, 0, 1000, 2000, 3000]),
    );
    let line = line.prop_map(|(appid, transaction, order, state, fee_type, amount, refund, off)| {
        let refunds = state == "REFUND" || state == "REVOKED";
        let known = amount * 10;
        let fee = if refunds { -known } else { known };
        Line {
            appid,
            transaction: format!("X{}", if transaction == 0 { order } else { transaction }),
            order: format!("T{order}"),
            state,
            fee_type,
            total_fee: if refunds { 0 } else { amount },
            refund: if state == "REFUND" { format!("R{refund}") } else { "0".into() },
            refund_fee: if refunds { amount } else { 0 },
            fee: if state == "REVOKED" || state == "FROZEN" { 0 } else { fee + off },
        }
    });
    prop::collection::vec(line, 0..12)
}

fn days() -> impl Strategy<Value = Option<Date>> {
    let days = ["2026-02-11", "2026-02-12", "2026-02-13", "2026-02-14"].map(day);
    prop::option::of(prop::sample::select(days.to_vec()))
}

fn orders() -> impl Strategy<Value = Vec<Order>> {
    let state =
        prop::sample::select(vec![None, Some("SUCCESS"), Some("ASKED"), Some("CHANGE"), Some("FAIL")]);
    let refund = (0..6_u8, prop::sample::select(vec![100_i64, 100, 200]), state, days());
    let refund = refund.prop_map(|(number, fee, state, asked_on)| Refund {
        number: format!("R{number}"),
        fee,
        state,
        asked_on,
    });
    let order = (
        0..7_u8,
        prop::sample::select(vec![100_i64, 100, 100, 200]),
        prop::sample::select(vec![None, Some("CNY"), Some("HKD")]),
        prop::sample::select(vec!["SUCCESS", "SUCCESS", "REFUND", "NOTPAY", "CLOSED", "REVOKED"]),
        prop::option::of(0..5_u8),
        days(),
        prop::collection::vec(refund, 0..3),
    );
    let order = order.prop_map(|(number, fee, fee_type, state, transaction, paid_on, refunds)| Order {
        number: format!("T{number}"),
        fee,
        fee_type,
        state,
        transaction: transaction.map(|n| format!("X{n}")),
        paid_on,
        refunds,
    });
    prop::collection::vec(order, 0..8)
}

/// A difference as one line.
fn told(
    kind: &str,
    key: &str,
    field: &str,
    theirs: Option<&str>,
    ours: Option<&str>,
    due: Option<Date>,
) -> String {
    let due = due.map_or_else(String::new, |due| format!(" until {due} {}", day(AS_OF) < due));
    format!("{kind} {key} {field} {} {}{due}", theirs.unwrap_or("-"), ours.unwrap_or("-"))
}

const AS_OF: &str = "2026-02-14";

/// What the rules find, each by itself.
struct Oracle<'a> {
    lines: Vec<&'a Line>,
    books: &'a [Order],
    found: BTreeSet<String>,
    paid: (u64, i64),
    back: (u64, i64),
}

impl<'a> Oracle<'a> {
    fn note(&mut self, kind: &str, key: &str, field: &str, theirs: Option<&str>, ours: Option<&str>) {
        self.found.insert(told(kind, key, field, theirs, ours, None));
    }

    fn covers(day_of: Date) -> bool {
        day("2026-02-12") <= day_of && day_of <= day("2026-02-13")
    }

    fn numbers(&self) -> BTreeSet<&'a str> {
        let theirs = self.lines.iter().map(|line| line.order.as_str());
        theirs.chain(self.books.iter().map(|order| order.number.as_str())).collect()
    }

    fn order(&mut self, number: &'a str) {
        let rows: Vec<&Line> = self.lines.iter().copied().filter(|line| line.order == number).collect();
        let books: Vec<&Order> = self.books.iter().filter(|order| order.number == number).collect();
        if rows.is_empty() {
            return self.missing(&books);
        }
        let book = books.first().copied();
        let paid: Vec<&Line> = rows.iter().copied().filter(|row| row.is_paid()).collect();
        let revoked = rows.iter().any(|row| row.state == "REVOKED");
        let reference = book
            .and_then(|book| book.transaction.as_deref())
            .unwrap_or_else(|| paid.first().unwrap_or(&rows[0]).transaction.as_str());
        let payment = paid.iter().find(|row| row.transaction == reference).or(paid.first());
        for row in &rows {
            if row.transaction != reference {
                self.note(
                    "TransactionIdDiffers",
                    number,
                    "transaction_id",
                    Some(&row.transaction),
                    Some(reference),
                );
            }
            if row.state == "FROZEN" {
                self.note("StateDiffers", number, "state", Some("FROZEN"), book.map(|book| book.state));
            }
            let n = paid.iter().filter(|other| other.transaction == row.transaction).count();
            if n >= 1 && (n > 1 || books.len() > 1) {
                let (n, m) = (n.to_string(), books.len().to_string());
                self.note("DuplicateRow", number, "rows", Some(&n), Some(&m));
            }
        }
        match (book, payment) {
            (None, Some(row)) if !revoked => {
                self.note("PaidNotBooked", number, "total_fee", Some(&row.total_fee.to_string()), None);
            }
            (Some(book), Some(row)) => self.compare(book, row, revoked),
            _ => {}
        }
        let Some(book) = book.filter(|book| book.is_paid()) else { return };
        if revoked {
            self.note("RevokedAfterPaid", number, "state", Some("REVOKED"), Some(book.state));
        }
        let refunded = rows.iter().any(|row| row.state == "REFUND");
        let due = payment.is_none() && !revoked && book.paid_on.map_or(!refunded, Self::covers);
        if due {
            self.wait("BookedNotPaid", number, "total_fee", book.fee, book.paid_on);
        }
        if due || payment.is_some() {
            self.paid = (self.paid.0 + 1, self.paid.1 + book.fee);
        }
    }

    fn compare(&mut self, book: &Order, row: &Line, revoked: bool) {
        let number = &book.number;
        if row.total_fee != book.fee {
            let (theirs, ours) = (row.total_fee.to_string(), book.fee.to_string());
            self.note("AmountDiffers", number, "total_fee", Some(&theirs), Some(&ours));
        }
        let theirs = if row.fee_type.is_empty() { "CNY" } else { row.fee_type };
        let ours = book.fee_type.unwrap_or("CNY");
        if theirs != ours {
            self.note("FeeTypeDiffers", number, "fee_type", Some(theirs), Some(ours));
        }
        if !revoked && !book.is_paid() {
            self.note("StateDiffers", number, "state", Some("SUCCESS"), Some(book.state));
        }
    }

    fn missing(&mut self, books: &[&Order]) {
        let due = |order: &&&Order| order.is_paid() && order.paid_on.is_none_or(Self::covers);
        if let Some(order) = books.iter().find(due) {
            self.wait("BookedNotPaid", &order.number, "total_fee", order.fee, order.paid_on);
            self.paid = (self.paid.0 + 1, self.paid.1 + order.fee);
        }
    }

    fn wait(&mut self, kind: &str, key: &str, field: &str, ours: i64, on: Option<Date>) {
        let due = on.unwrap_or(day("2026-02-13")) + Duration::days(2);
        self.found.insert(told(kind, key, field, None, Some(&ours.to_string()), Some(due)));
    }

    fn refund(&mut self, number: &str) {
        let rows: Vec<&Line> = self
            .lines
            .iter()
            .copied()
            .filter(|line| line.state == "REFUND" && line.refund == number)
            .collect();
        let books: Vec<(&Order, &Refund)> = self
            .books
            .iter()
            .flat_map(|order| order.refunds.iter().map(move |refund| (order, refund)))
            .filter(|(_, refund)| refund.number == number)
            .collect();
        let booked =
            |refund: &Refund| matches!(refund.state, None | Some("SUCCESS" | "PROCESSING" | "CHANGE"));
        if rows.is_empty() {
            let due =
                |(_, refund): &&(&Order, &Refund)| booked(refund) && refund.asked_on.is_none_or(Self::covers);
            if let Some((_, refund)) = books.iter().find(due) {
                self.wait("RefundDiffers", number, "refund_fee", refund.fee, refund.asked_on);
                self.back = (self.back.0 + 1, self.back.1 + refund.fee);
            }
            return;
        }
        if rows.len() > 1 || books.len() > 1 {
            let (n, m) = (rows.len().to_string(), books.len().to_string());
            self.note("DuplicateRow", number, "rows", Some(&n), Some(&m));
        }
        for row in &rows {
            let theirs = row.refund_fee.to_string();
            let Some((order, refund)) = books.first() else {
                self.note("RefundUnknown", number, "refund_fee", Some(&theirs), None);
                continue;
            };
            if !booked(refund) {
                self.note("RefundNotBooked", number, "state", Some("SUCCESS"), refund.state);
            }
            if row.refund_fee != refund.fee {
                self.note(
                    "RefundDiffers",
                    number,
                    "refund_fee",
                    Some(&theirs),
                    Some(&refund.fee.to_string()),
                );
            }
            if row.order != order.number {
                self.note("RefundDiffers", number, "out_trade_no", Some(&row.order), Some(&order.number));
            }
        }
        if let Some((_, refund)) = books.first().filter(|(_, refund)| booked(refund)) {
            self.back = (self.back.0 + 1, self.back.1 + refund.fee);
        }
    }

    fn rows(&mut self) {
        for line in self.lines.clone() {
            let strangers = self.lines.iter().filter(|other| other.appid == line.appid).count();
            if line.appid == "wx2" {
                self.note("AppidUnknown", "wx2", "rows", Some(&strangers.to_string()), None);
            }
            let computed = (line.total_fee - line.refund_fee) * 10;
            let (key, tolerance) = match line.state {
                "SUCCESS" => (&line.order, 0),
                "REFUND" => (&line.refund, 1000),
                _ => continue,
            };
            if (line.fee - computed).abs() > tolerance {
                let (theirs, ours) = (line.fee.to_string(), computed.to_string());
                self.note("FeeDiffers", key, "fee_e5", Some(&theirs), Some(&ours));
            }
        }
    }
}

fn expected<'a>(bills: &'a [Vec<Line>], books: &'a [Order]) -> Oracle<'a> {
    let lines: Vec<&Line> = bills.iter().flatten().collect();
    let mut oracle = Oracle { lines, books, found: BTreeSet::new(), paid: (0, 0), back: (0, 0) };
    for number in oracle.numbers() {
        oracle.order(number);
    }
    for number in 0..6 {
        oracle.refund(&format!("R{number}"));
    }
    oracle.rows();
    oracle
}

fn file(lines: &[Line]) -> Vec<u8> {
    let rows: String = lines.iter().map(Line::text).collect();
    format!("{HEADER}\n{rows}总交易单数\n`{}\n", lines.len()).into_bytes()
}

fn side(told: Option<&BothValues>) -> Option<String> {
    told.map(|told| match told {
        BothValues::Number(number) => number.to_string(),
        BothValues::Text(text) => text.clone(),
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(800))]

    #[test]
    fn b12_b13_b14_a_second_reconciler_finds_the_same(first in lines(), second in lines(), books in orders()) {
        let bills = [first, second];
        let files: Vec<Vec<u8>> = bills.iter().map(|bill| file(bill)).collect();
        let dates = ["2026-02-12", "2026-02-13"].map(day);
        let days: Vec<Day<'_>> = files
            .iter()
            .zip(dates)
            .map(|(file, date)| Day { date, bill: Some(file as &dyn BillSource) })
            .collect();
        let appids = ["wx1".to_owned()];
        let terms = Terms {
            days: &days, flows: &[], previous_balance: None, as_of: day(AS_OF), appids: &appids, done: &[],
        };
        let report = compare(&terms, &mut Listed::new(books.iter().map(Order::row))).unwrap();
        let found: Vec<String> = report
            .differences
            .iter()
            .map(|d| {
                let (theirs, ours) = (side(d.theirs.as_ref()), side(d.ours.as_ref()));
                told(d.kind.name(), &d.key, &d.field, theirs.as_deref(), ours.as_deref(), d.due)
            })
            .collect();
        let oracle = expected(&bills, &books);
        let totals = report.totals.unwrap();
        prop_assert_eq!(found.len(), oracle.found.len(), "each stands once");
        prop_assert_eq!(found.into_iter().collect::<BTreeSet<_>>(), oracle.found);
        let ours = totals.ours;
        prop_assert_eq!((ours.payments.count, ours.payments.fee), (oracle.paid.0, i128::from(oracle.paid.1)));
        prop_assert_eq!((ours.refunds.count, ours.refunds.fee), (oracle.back.0, i128::from(oracle.back.1)));
        prop_assert_eq!(totals.long - totals.short, totals.surplus());
    }
}
