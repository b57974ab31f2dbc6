//! The ledger on a real SQLite: what the rules decide is what the tables hold.

use super::connection::Connection;
use super::dialect::Statement;
use super::fault::SqlFault;
use super::sqlite::{Sqlite, TestClock};
use super::store::SqlStore;
use crate::ledger::entry::{OrderKey, OrderTerms};
use crate::ledger::ledger::{Ledger, Rules};
use crate::ledger::schedule::Jitter;
use crate::ledger::sighting::{Sighting, Source};
use crate::ledger::state::LedgerState;
use crate::ledger::store::{Failure, Halt, Kind, OrderStore, QueueStore, Shop, Whose};
use crate::ledger::transition::Transition;
use crate::model::trade_state::TradeState;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

type Fault = SqlFault<rusqlite::Error>;

/// What the shop's callback does.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Callback {
    Counts,
    Throws,
}

struct Counting {
    callback: Callback,
    credits: i64,
    revokes: i64,
}

impl Shop<Fault> for Counting {
    fn credit(&mut self, _: &Transition) -> Result<(), Fault> {
        self.credits += 1;
        match self.callback {
            Callback::Counts => Ok(()),
            Callback::Throws => Err(Fault::own("the shop throws".into()).meaning(Kind::Foreign)),
        }
    }

    fn revoke(&mut self, _: &Transition) -> Result<(), Fault> {
        self.revokes += 1;
        Ok(())
    }
}

type Tested = Ledger<SqlStore<Sqlite>, Counting>;

fn ledger(path: impl AsRef<Path>, clock: &TestClock) -> Tested {
    let shop = Counting { callback: Callback::Counts, credits: 0, revokes: 0 };
    let mut store = SqlStore::new(Sqlite::open(path, clock));
    store.install().unwrap();
    Ledger { store, shop, rules: Rules::default(), jitter: Jitter::new(1) }
}

fn clock() -> TestClock {
    Arc::new(AtomicI64::new(1_000_000))
}

/// A database in a file, which goes away with it.
struct File(PathBuf);

impl File {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("wechatpay-sql-{}-{name}.sqlite", std::process::id()));
        let file = Self(path);
        file.remove();
        file
    }

    fn remove(&self) {
        for ending in ["", "-journal", "-wal", "-shm"] {
            let _ = std::fs::remove_file(format!("{}{ending}", self.0.display()));
        }
    }
}

impl Drop for File {
    fn drop(&mut self) {
        self.remove();
    }
}

fn key(number: &str) -> OrderKey {
    OrderKey { mch_id: "1900".into(), sub_mch_id: String::new(), out_trade_no: number.into() }
}

fn terms(number: &str) -> OrderTerms {
    OrderTerms {
        key: key(number),
        appid: "wx1".into(),
        sub_appid: String::new(),
        total_fee: 100,
        fee_type: "CNY".into(),
        trade_type: "NATIVE".into(),
        expires_at: None,
    }
}

fn paid(number: &str) -> Sighting {
    Sighting {
        key: key(number),
        appid: "wx1".into(),
        sub_appid: String::new(),
        trade_state: TradeState::Success,
        transaction_id: Some(format!("42{number}")),
        total_fee: Some(100),
        fee_type: None,
        paid_at: None,
        digest: format!("{number:0>64}"),
        source: Source::Query,
    }
}

fn count(ledger: &Tested, question: &str) -> i64 {
    ledger.store.connection.connection.query_row(question, [], |row| row.get(0)).unwrap()
}

#[test]
fn an_order_that_is_paid_is_credited_once_and_reads_as_it_was_decided() {
    let mut ledger = ledger(":memory:", &clock());
    let opened = ledger.open(&terms("a1")).unwrap();
    assert_eq!((opened.state, opened.version), (LedgerState::Created, 0));
    for _ in 0..3 {
        ledger.apply(&paid("a1"), None).unwrap();
    }
    let entry = ledger.find(&key("a1")).unwrap().unwrap();
    assert_eq!((entry.state, entry.credited, entry.paid), (LedgerState::Paid, true, Some(100)));
    assert_eq!(entry.transaction_id.as_deref(), Some("42a1"));
    assert_eq!(ledger.shop.credits, 1);
    assert_eq!(count(&ledger, "SELECT COUNT(*) FROM wechatpay_credit"), 1);
    assert_eq!(count(&ledger, "SELECT COUNT(*) FROM wechatpay_evidence"), 1);
    assert_eq!(count(&ledger, "SELECT COUNT(*) FROM wechatpay_outbox"), 1);
}

#[test]
fn a_callback_that_throws_leaves_nothing_stored() {
    let mut ledger = ledger(":memory:", &clock());
    ledger.open(&terms("a1")).unwrap();
    ledger.shop.callback = Callback::Throws;
    let ended = ledger.apply(&paid("a1"), None);
    assert!(matches!(&ended, Err(Halt::Store(fault)) if fault.kind() == Kind::Foreign), "{ended:?}");
    assert_eq!(ledger.find(&key("a1")).unwrap().unwrap().state, LedgerState::Created);
    assert_eq!(count(&ledger, "SELECT COUNT(*) FROM wechatpay_credit"), 0);
    assert!(!ledger.store.connection.in_transaction().unwrap());
}

#[test]
fn the_transaction_of_the_shop_is_joined_and_goes_back_with_it() {
    let mut ledger = ledger(":memory:", &clock());
    ledger.open(&terms("a1")).unwrap();
    ledger.store.connection.exec("BEGIN").unwrap();
    ledger.apply(&paid("a1"), None).unwrap();
    ledger.store.connection.exec("ROLLBACK").unwrap();
    assert_eq!(count(&ledger, "SELECT COUNT(*) FROM wechatpay_credit"), 0);
    ledger.apply(&paid("a1"), None).unwrap();
    assert_eq!(count(&ledger, "SELECT COUNT(*) FROM wechatpay_credit"), 1);
}

#[test]
fn what_another_writer_holds_is_busy_and_stores_nothing() {
    let (file, clock) = (File::new("busy"), clock());
    let mut ledger = ledger(&file.0, &clock);
    ledger.open(&terms("a1")).unwrap();
    let other = Sqlite::open(&file.0, &clock);
    other.exec("BEGIN IMMEDIATE").unwrap();
    let ended = ledger.apply(&paid("a1"), None);
    assert!(matches!(&ended, Err(Halt::Store(fault)) if fault.kind() == Kind::Busy), "{ended:?}");
    other.exec("ROLLBACK").unwrap();
    ledger.apply(&paid("a1"), None).unwrap();
    assert_eq!(ledger.shop.credits, 1);
}

#[test]
fn a_claim_is_nobody_elses_until_its_lease_ends_and_a_late_settlement_changes_nothing() {
    let (file, clock) = (File::new("claim"), clock());
    let (mut one, mut two) = (ledger(&file.0, &clock), ledger(&file.0, &clock));
    one.open(&terms("a1")).unwrap();
    let whose = Whose::of(&terms("a1"));
    clock.fetch_add(60_000, Ordering::Relaxed);
    let first = one.store.claim(&whose, 30_000, 10).unwrap();
    assert_eq!(first.len(), 1);
    assert!(two.store.claim(&whose, 30_000, 10).unwrap().is_empty());
    clock.fetch_add(30_001, Ordering::Relaxed);
    let second = two.store.claim(&whose, 30_000, 10).unwrap();
    assert_eq!(second.len(), 1);
    assert!(!one.store.settle(&first[0], 1000, 0).unwrap(), "the lease was lost");
    assert!(two.store.settle(&second[0], 1000, 0).unwrap());
}

#[test]
fn another_account_of_the_merchant_claims_none_of_it() {
    let clock = clock();
    let mut ledger = ledger(":memory:", &clock);
    ledger.open(&terms("a1")).unwrap();
    clock.fetch_add(60_000, Ordering::Relaxed);
    let other = Whose { appid: "wx2".into(), ..Whose::of(&terms("a1")) };
    assert!(ledger.store.claim(&other, 30_000, 10).unwrap().is_empty());
    assert_eq!(ledger.store.due().unwrap(), [(Whose::of(&terms("a1")), 1)]);
}

#[test]
fn messages_of_an_order_come_one_at_a_time_and_in_their_order() {
    let mut ledger = ledger(":memory:", &clock());
    ledger.open(&terms("a1")).unwrap();
    ledger.apply(&paid("a1"), None).unwrap();
    let entry = ledger.find(&key("a1")).unwrap().unwrap();
    ledger.store.announce(&entry, "REFUND", "{}").unwrap();
    let first = ledger.store.claim_message(30_000).unwrap().unwrap();
    assert_eq!(first.topic, "PAID");
    assert_eq!(ledger.store.claim_message(30_000).unwrap(), None);
    assert!(ledger.store.settle_message(&first, None).unwrap());
    assert!(!ledger.store.settle_message(&first, None).unwrap(), "it is done");
    assert_eq!(ledger.store.claim_message(30_000).unwrap().unwrap().topic, "REFUND");
}

#[test]
fn r20_the_number_of_a_message_is_never_given_to_another_one() {
    let mut ledger = ledger(":memory:", &clock());
    ledger.open(&terms("a1")).unwrap();
    ledger.apply(&paid("a1"), None).unwrap();
    let first = ledger.store.claim_message(30_000).unwrap().unwrap();
    assert!(ledger.store.settle_message(&first, None).unwrap());
    ledger.purge(2_000_000).unwrap();
    let entry = ledger.find(&key("a1")).unwrap().unwrap();
    ledger.store.announce(&entry, "REFUND", "{}").unwrap();
    assert!(ledger.store.claim_message(30_000).unwrap().unwrap().id > first.id);
    ledger.purge(2_000_000).unwrap();
    assert_eq!(count(&ledger, "SELECT COUNT(*) FROM wechatpay_outbox"), 1, "a newer one lets it go");
}

#[test]
fn tables_of_another_version_are_refused_by_name() {
    let mut ledger = ledger(":memory:", &clock());
    ledger.store.connection.exec("UPDATE wechatpay_schema SET version = 99").unwrap();
    let refused = ledger.store.install().unwrap_err();
    assert!(refused.logic && refused.message.contains("schema version 99"), "{refused:?}");
    let mut none = Ledger { store: SqlStore::new(Sqlite::open(":memory:", &clock())), ..ledger };
    let missing = none.find(&key("a1")).unwrap_err();
    assert!(
        matches!(&missing, Halt::Store(fault) if fault.message.contains("Ledger::install()")),
        "{missing:?}"
    );
}

#[test]
fn r2_the_claim_of_a_shop_with_one_account_walks_the_index_of_what_is_due_after_analyze_too() {
    let mut ledger = ledger(":memory:", &clock());
    let rows = "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 2000) INSERT INTO \
         wechatpay_order (mch_id, out_trade_no, appid, total_fee, fee_type, trade_type, state, reason, created_at, \
         changed_at, due_at) SELECT '1900', 'n' || n, 'wx1', 100, 'CNY', 'NATIVE', 'CREATED', 'opened', 1, 1, 1 FROM n";
    ledger.store.connection.exec(&format!("{rows}; ANALYZE")).unwrap();
    let text = ledger.store.connection.sql().text(Statement::Claim).replace('?', "1");
    let plan =
        format!("{:?}", ledger.store.connection.rows_once(&format!("EXPLAIN QUERY PLAN {text}")).unwrap());
    let wanted =
        "INDEX wechatpay_order_0 (mch_id=? AND sub_mch_id=? AND appid=? AND sub_appid=? AND due_at<?)";
    assert!(plan.contains(wanted), "{plan}");
    let claimed = ledger.store.claim(&Whose::of(&terms("n1")), 30_000, 50).unwrap();
    assert_eq!(claimed.len(), 50);
}
