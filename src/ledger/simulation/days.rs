//! Days with everything that goes wrong: processes end between any two statements, leases are lost, notices too, rows are
//! left out or come a day late, layouts change at midnight, bills change after they were done.
//!
//! Whatever happens: what was opened, paid and billed is credited once; every other row of a bill, and everything booked
//! that no bill has, is a difference; no day is done without having been compared.

use super::dice::Dice;
use crate::bill::document::{Document, Family};
use crate::bill::reconcile::difference::{Difference, DifferenceKind, DifferenceState};
use crate::bill::source::Kept;
use crate::clock::BEIJING;
use crate::ledger::days::store::{DayKey, DayStore};
use crate::ledger::days::work::{AskedAbout, DayDesk, DayHalt, Inquiry, LEASE, Reconciled};
use crate::ledger::entry::{Ms, OrderKey, OrderTerms};
use crate::ledger::ledger::{Ledger, Rules};
use crate::ledger::question::Answer;
use crate::ledger::schedule::Jitter;
use crate::ledger::sighting::{Sighting, Source, digest_of};
use crate::ledger::sql::connection::{Bound, Connection, SqlResult, SqlRow};
use crate::ledger::sql::dialect::{Sql, Statement};
use crate::ledger::sql::fault::SqlFault;
use crate::ledger::sql::sqlite::{Sqlite, TestClock};
use crate::ledger::sql::store::SqlStore;
use crate::ledger::store::{Kind, OrderStore, Shop, Whose};
use crate::ledger::transition::Transition;
use crate::model::merchant::ApiVersion;
use crate::model::trade_state::TradeState;
use std::cell::Cell;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use time::macros::date;
use time::{Date, Duration};

/// Days with trade; one more gets what comes late.
const DAYS: i64 = 3;
const FIRST: Date = date!(2026 - 11 - 21);

/// A payment at the bank, and what the shop knows of it.
#[derive(Clone)]
struct BankPayment {
    number: String,
    fen: i64,
    day: i64,
    opened: bool,
    noticed: bool,
    /// The day in whose bill it stands; `None`: in none.
    billed: Option<i64>,
}

impl BankPayment {
    fn sighting(&self, source: Source) -> Sighting {
        Sighting {
            key: OrderKey {
                mch_id: "1900".into(),
                sub_mch_id: String::new(),
                out_trade_no: self.number.clone(),
            },
            appid: "wx1".into(),
            sub_appid: String::new(),
            trade_state: TradeState::Success,
            transaction_id: Some(format!("42{}", self.number)),
            total_fee: Some(self.fen),
            fee_type: None,
            paid_at: Some(noon(self.day)),
            digest: digest_of(&self.number),
            source,
        }
    }
}

fn date_of(day: i64) -> Date {
    FIRST + Duration::days(day)
}

fn noon(day: i64) -> Ms {
    date_of(day).with_hms(12, 0, 0).unwrap().assume_offset(BEIJING).unix_timestamp() * 1000
}

/// SQLite's connection, of a process that ends at a certain call.
struct Mortal {
    inner: Sqlite,
    left: Rc<Cell<u32>>,
}

impl Mortal {
    fn lives(&self) -> SqlResult<(), rusqlite::Error> {
        self.left.set(self.left.get().saturating_sub(1));
        if self.left.get() > 0 {
            Ok(())
        } else {
            Err(SqlFault::own("the process has ended".into()).meaning(Kind::Over))
        }
    }
}

impl Connection for Mortal {
    type Cause = rusqlite::Error;

    fn sql(&self) -> &Sql {
        self.inner.sql()
    }
    fn usable(&self) -> SqlResult<(), Self::Cause> {
        self.lives()
    }
    fn unchanged(&self) -> SqlResult<(), Self::Cause> {
        self.lives()
    }
    fn in_transaction(&self) -> SqlResult<bool, Self::Cause> {
        self.lives()?;
        self.inner.in_transaction()
    }
    fn begin(&self) -> SqlResult<(), Self::Cause> {
        self.lives()?;
        self.inner.begin()
    }
    fn commit(&self) -> SqlResult<(), Self::Cause> {
        self.lives()?;
        self.inner.commit()?;
        self.lives()
    }
    fn roll_back(&self) -> SqlResult<(), Self::Cause> {
        self.lives()?;
        self.inner.roll_back()
    }
    fn exec(&self, text: &str) -> SqlResult<(), Self::Cause> {
        self.lives()?;
        self.inner.exec(text)
    }
    fn change(&mut self, statement: Statement, bound: &[Bound<'_>]) -> SqlResult<i64, Self::Cause> {
        self.lives()?;
        self.inner.change(statement, bound)
    }
    fn rows(&mut self, statement: Statement, bound: &[Bound<'_>]) -> SqlResult<Vec<SqlRow>, Self::Cause> {
        self.lives()?;
        self.inner.rows(statement, bound)
    }
    fn change_once(&self, text: &str, bound: &[Bound<'_>]) -> SqlResult<i64, Self::Cause> {
        self.lives()?;
        self.inner.change_once(text, bound)
    }
    fn rows_once(&self, text: &str) -> SqlResult<Vec<SqlRow>, Self::Cause> {
        self.lives()?;
        self.inner.rows_once(text)
    }
    fn cleaning<T>(&self, work: impl FnOnce() -> T) -> T {
        work()
    }
    fn forks(&self) -> u32 {
        0
    }
}

struct Silent;

impl<F> Shop<F> for Silent {
    fn credit(&mut self, _: &Transition) -> Result<(), F> {
        Ok(())
    }
    fn revoke(&mut self, _: &Transition) -> Result<(), F> {
        Ok(())
    }
}

type DayLedger = Ledger<SqlStore<Mortal>, Silent>;

/// One seed's world.
struct DayWorld {
    dice: Dice,
    clock: TestClock,
    path: PathBuf,
    payments: Vec<BankPayment>,
    /// Days whose bill has one payment more from now on.
    changed: BTreeSet<i64>,
    downloads: u64,
}

impl Drop for DayWorld {
    fn drop(&mut self) {
        for ending in ["", "-journal"] {
            let _ = std::fs::remove_file(format!("{}{ending}", self.path.display()));
        }
    }
}

/// The desk of one worker; its lease may be lost while it asks.
struct SimDesk<'w> {
    world: &'w mut DayWorld,
    day: i64,
    robbed: bool,
}

impl SimDesk<'_> {
    /// While this one asks its lease ends, and another worker does the whole day.
    fn another_worker(&mut self) {
        self.world.clock.fetch_add(LEASE + 1, Ordering::Relaxed);
        let mut ledger = self.world.worker(u32::MAX);
        let (owner, date, today) = (owner(), date_of(self.day), date_of(self.day + 1));
        let mut desk = SimDesk { world: self.world, day: self.day, robbed: false };
        ledger.reconcile_day(&mut desk, &owner, date, today).unwrap();
    }
}

impl DayDesk for SimDesk<'_> {
    type Fault = String;

    fn bill(&mut self, date: Date) -> Result<Document, String> {
        self.world.downloads += 1;
        let text = self.world.bill((date - FIRST).whole_days());
        Document::whole(Arc::new(Kept::Memory(text.into_bytes())), Family::Trades, Some(date))
            .map_err(|e| e.to_string())
    }

    fn flow(&mut self, _: Date) -> Result<Option<Document>, String> {
        Ok(None)
    }

    fn version(&self) -> ApiVersion {
        ApiVersion::V2
    }

    fn inquire(&mut self, inquiries: &[Inquiry]) -> Vec<Answer> {
        if std::mem::take(&mut self.robbed) {
            self.another_worker();
        }
        let answers = inquiries.iter().map(|inquiry| self.world.answer(inquiry)).collect();
        match self.world.dice.below(8) {
            0 => vec![Answer::Unreached("no answer".into()); inquiries.len()],
            1 | 2 => vec![Answer::Limited; inquiries.len()],
            _ => answers,
        }
    }

    fn go_on(&mut self) -> Result<(), String> {
        Ok(())
    }

    fn wait(&mut self, ms: u64) -> Result<(), String> {
        // Another process has it: it has ended, or the lease does.
        self.world.clock.fetch_add(i64::try_from(ms * 100).unwrap(), Ordering::Relaxed);
        Ok(())
    }
}

impl DayWorld {
    fn new(seed: u64) -> Self {
        let name = format!("wechatpay-days-{}-{seed}.sqlite", std::process::id());
        let mut dice = Dice::new(seed);
        let mut payments = Vec::new();
        for day in 0..DAYS {
            for n in 0..dice.below(12) {
                let opened = !dice.one_in(4);
                let billed = match dice.below(6) {
                    0 => None,
                    1 => Some(day + 1),
                    _ => Some(day),
                };
                let noticed = opened && dice.one_in(2);
                let fen = dice.between(1, 10_000);
                payments.push(BankPayment {
                    number: format!("d{day}n{n}"),
                    fen,
                    day,
                    opened,
                    noticed,
                    billed,
                });
            }
        }
        let clock = Arc::new(AtomicI64::new(noon(DAYS + 1)));
        let path = std::env::temp_dir().join(name);
        let _ = std::fs::remove_file(&path);
        Self { dice, clock, path, payments, changed: BTreeSet::new(), downloads: 0 }
    }

    fn worker(&self, calls: u32) -> DayLedger {
        let left = Rc::new(Cell::new(calls));
        let mut store = SqlStore::new(Mortal { inner: Sqlite::open(&self.path, &self.clock), left });
        if calls == u32::MAX {
            store.install().unwrap();
        }
        Ledger { store, shop: Silent, rules: Rules::default(), jitter: Jitter::new(1) }
    }

    /// The file of a day; its layout changes from day to day.
    fn bill(&self, day: i64) -> String {
        let mut rows: Vec<(String, i64, i64)> = self
            .payments
            .iter()
            .filter(|payment| payment.billed == Some(day))
            .map(|payment| (payment.number.clone(), payment.fen, payment.day))
            .collect();
        if self.changed.contains(&day) {
            rows.push((format!("late{day}"), 7, day));
        }
        let yuan = |fen: i64| format!("{}.{:02}", fen / 100, fen % 100);
        let sum: i64 = rows.iter().map(|(_, fen, _)| fen).sum();
        let (columns, more) = if day % 2 == 0 { ("", "") } else { (",费率备注", ",`x") };
        let mut text = format!(
            "交易时间,公众账号ID,商户号,微信订单号,商户订单号,交易状态,货币种类,应结订单金额,手续费,订单金额{columns}\n"
        );
        for (number, fen, paid) in &rows {
            let (date, yuan) = (date_of(*paid), yuan(*fen));
            let row = format!(
                "`{date} 12:00:00,`wx1,`1900,`42{number},`{number},`SUCCESS,`CNY,`{yuan},`0.00000,`{yuan}{more}\n"
            );
            text.push_str(&row);
        }
        let (count, sum) = (rows.len(), yuan(sum));
        text + &format!(
            "总交易单数,应结订单总金额,手续费总金额,订单总金额\n`{count},`{sum},`0.00000,`{sum}\n"
        )
    }

    fn answer(&self, inquiry: &Inquiry) -> Answer {
        let payment = self.payments.iter().find(|payment| payment.number == inquiry.out_trade_no);
        match (payment, &inquiry.about) {
            (Some(payment), AskedAbout::Order) => Answer::Order(payment.sighting(Source::Query)),
            _ => Answer::Absent,
        }
    }

    /// The shop opens orders; some notices arrive.
    fn trade(&mut self) {
        let mut ledger = self.worker(u32::MAX);
        for payment in self.payments.iter().filter(|payment| payment.opened) {
            let sighting = payment.sighting(Source::Notice);
            let terms = OrderTerms {
                key: sighting.key.clone(),
                appid: "wx1".into(),
                sub_appid: String::new(),
                total_fee: payment.fen,
                fee_type: "CNY".into(),
                trade_type: "NATIVE".into(),
                expires_at: None,
            };
            ledger.open(&terms).unwrap();
            if payment.noticed {
                assert!(ledger.apply(&sighting, None).unwrap().credited);
            }
        }
    }

    /// Workers come and end until one says that the day is done.
    fn reconcile(&mut self, day: i64) -> Reconciled {
        for _ in 0..200 {
            let calls = if self.dice.one_in(4) {
                u32::MAX
            } else {
                u32::try_from(self.dice.between(1, 400)).unwrap()
            };
            let robbed = self.dice.one_in(6);
            let mut ledger = self.worker(calls);
            let mut desk = SimDesk { world: self, day, robbed };
            match ledger.reconcile_day(&mut desk, &owner(), date_of(day), date_of(day + 1)) {
                Ok(done) => return done,
                Err(DayHalt::Ledger(halt)) => {
                    assert_eq!(ledger.store.connection.left.get(), 0, "the process lives: {halt:?}");
                }
                Err(DayHalt::Taken) => assert!(robbed, "nobody else was there"),
                Err(other) => panic!("{other:?}"),
            }
        }
        panic!("day {day} is never done");
    }

    fn apply_by_hand(&self, number: &str) {
        let payment = self.payments.iter().find(|payment| payment.number == number).unwrap();
        self.worker(u32::MAX).apply(&payment.sighting(Source::Bill), None).unwrap();
    }

    fn kept(&self, day: i64) -> Vec<Difference> {
        let mut store = self.worker(u32::MAX).store;
        let row = store.day(&DayKey::of(&owner(), date_of(day))).unwrap().unwrap();
        store.differences_of(&row).unwrap().into_iter().map(|kept| kept.difference).collect()
    }

    /// What must be left of a day: rows of the bill that nobody opened, and what is booked and in no bill.
    fn expected(&self, day: i64) -> BTreeSet<(&'static str, String)> {
        let strangers = self.payments.iter().filter(|payment| payment.billed == Some(day) && !payment.opened);
        let missing = self
            .payments
            .iter()
            .filter(|payment| payment.day == day && payment.noticed && payment.billed.is_none());
        let strangers =
            strangers.map(|payment| (DifferenceKind::StateDiffers.name(), payment.number.clone()));
        strangers
            .chain(missing.map(|payment| (DifferenceKind::BookedNotPaid.name(), payment.number.clone())))
            .collect()
    }

    fn check(&mut self) {
        for day in 0..=DAYS {
            let left = self.kept(day).into_iter().filter(|difference| {
                difference.state.is_unsettled() && difference.kind != DifferenceKind::BillChanged
            });
            let left: BTreeSet<(&str, String)> = left.map(|it| (it.kind.name(), it.key)).collect();
            assert_eq!(left, self.expected(day), "day {day}");
        }
        let mut store = self.worker(u32::MAX).store;
        for payment in &self.payments {
            let entry = store.peek(&payment.sighting(Source::Query).key).unwrap();
            let due = payment.opened && (payment.noticed || payment.billed.is_some());
            assert_eq!(entry.is_some_and(|entry| entry.credited), due, "{}", payment.number);
        }
    }
}

fn owner() -> Whose {
    Whose { mch_id: "1900".into(), sub_mch_id: String::new(), appid: "wx1".into(), sub_appid: String::new() }
}

/// A day is looked at again until WeChat has said everything; a person applies by hand what processes have ended in.
fn settle(world: &mut DayWorld, day: i64) {
    for _ in 0..50 {
        let report = world.reconcile(day).report;
        let open = report.differences.iter().filter(|difference| difference.state.is_unsettled());
        let notes: Vec<(&str, &str)> =
            open.filter_map(|it| Some((&*it.key, it.kept.as_ref()?.note.as_deref()?))).collect();
        if notes.is_empty() {
            return;
        }
        for (number, _) in notes.iter().filter(|(_, note)| note.contains("a process ended")) {
            world.apply_by_hand(number);
        }
    }
    panic!("day {day} is asked about for ever");
}

fn run(seed: u64) {
    let mut world = DayWorld::new(seed);
    world.trade();
    let days: Vec<i64> = (0..=DAYS).collect();
    for day in &days {
        let missing =
            || -> Vec<Date> { days.iter().filter(|it| *it >= day).map(|it| date_of(*it)).collect() };
        let now = date!(2026 - 11 - 25).with_hms(10, 0, 0).unwrap().assume_offset(BEIJING);
        let told = world.worker(u32::MAX).missing_days(&owner(), FIRST, now).unwrap();
        assert_eq!(told, missing(), "no gap is unseen");
        settle(&mut world, *day);
    }
    world.check();
    let day = world.dice.between(0, DAYS);
    let before = world.kept(day);
    settle(&mut world, day);
    assert_eq!(world.kept(day), before, "the same bill again gives the same rows");
    world.changed.insert(day);
    let changed = world.reconcile(day).report;
    assert!(changed.totals.is_none());
    let after = world.kept(day);
    assert_eq!(after.len(), before.len() + 1);
    assert!(after.starts_with(&before), "another content overwrites nothing");
    assert_eq!(
        after.last().map(|it| (it.kind, it.state)),
        Some((DifferenceKind::BillChanged, DifferenceState::Open))
    );
    world.check();
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

#[test]
fn b10_b11_b13_b14_days_hold_whatever_ends_in_the_middle() {
    let most = if cfg!(debug_assertions) { 40 } else { 1000 };
    let seeds = match number("SEED") {
        Some(seed) => seed..=seed,
        None => 1..=number("SEEDS").map_or(most, |wished| wished.min(most)),
    };
    for seed in seeds {
        let ended = std::panic::catch_unwind(|| run(seed));
        assert!(ended.is_ok(), "SEED={seed}");
    }
}
