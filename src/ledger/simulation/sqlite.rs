//! The store's own SQL on a real SQLite, and everything that happens to a connection on the way there.

use super::super::entry::OrderKey;
use super::super::sql::connection::{Bound, Connection, SqlResult, SqlRow};
use super::super::sql::dialect::{Dialect, Problem, Sql, Statement};
use super::super::sql::fault::SqlFault;
use super::super::sql::sqlite::Sqlite;
use super::super::sql::store::SqlStore;
use super::super::store::{Failure, Kind};
use super::disk::Disk;
use super::pace::{Pace, Turn};
use super::seat::{Link, Seat};
use super::world::Sabotage;
use rusqlite::Error;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

/// A lock is waited for so many turns.
const PATIENCE: u32 = 60;

/// An actor's connection. When the actor dies it is closed, and SQLite rolls back.
#[derive(Clone)]
pub struct RoughSqlite<'y> {
    pace: Pace<'y>,
    sql: Sql,
    sqlite: Rc<RefCell<Sqlite>>,
    dead: Rc<Cell<bool>>,
    /// How many rows this connection had changed when the world last looked at them.
    seen: Rc<Cell<u64>>,
}

impl<'y> Seat<'y> for SqlStore<RoughSqlite<'y>> {
    type Link = RoughSqlite<'y>;

    fn take(pace: &Pace<'y>) -> (Self, RoughSqlite<'y>) {
        let sqlite = pace.world().disk.as_ref().unwrap().connect();
        let link = RoughSqlite {
            pace: pace.clone(),
            sql: sqlite.sql().clone(),
            sqlite: Rc::new(RefCell::new(sqlite)),
            dead: Rc::default(),
            seen: Rc::default(),
        };
        (Self::new(link.clone()), link)
    }
}

impl RoughSqlite<'_> {
    fn busy<T>(&self, what: &str) -> SqlResult<T, Error> {
        self.pace.world().counts.busy += 1;
        let problem = Problem { state: "HY000".into(), code: 5, text: what.into() };
        Err(SqlFault::of(Dialect::Sqlite, &problem))
    }

    fn lost<T>(&self, what: &str) -> SqlResult<T, Error> {
        self.pace.world().counts.lost += 1;
        Err(SqlFault::lost(what))
    }

    fn is_open(&self) -> bool {
        !self.sqlite.borrow().connection.is_autocommit()
    }

    fn undo(&self) {
        if self.is_open() {
            self.sqlite.borrow().connection.execute_batch("ROLLBACK").unwrap();
        }
    }

    fn die(&self) {
        self.undo();
        self.dead.set(true);
    }

    /// The database ends our transaction by itself.
    fn deadlock<T>(&self, what: &str) -> SqlResult<T, Error> {
        self.undo();
        self.busy(what)
    }

    /// What may happen before a statement.
    fn weather(&self, what: &str) -> SqlResult<(), Error> {
        self.pace.step(what);
        if self.dead.get() {
            return self.lost(what);
        }
        if self.pace.world().fault(400) {
            self.die();
            return self.lost(what);
        }
        if self.is_open() && self.pace.world().fault(150) {
            return self.deadlock(what);
        }
        Ok(())
    }

    /// Runs something at once. What it has committed is what the world sees from then on.
    fn at_once<T>(&self, work: impl FnOnce(&mut Sqlite) -> SqlResult<T, Error>) -> SqlResult<T, Error> {
        let world = &mut *self.pace.world();
        let Some(disk) = &world.disk else { return Err(SqlFault::lost("no disk")) };
        disk.set_clock(world.now);
        let sqlite = &mut *self.sqlite.borrow_mut();
        let ended = work(sqlite);
        let changed = sqlite.connection.total_changes();
        if sqlite.connection.is_autocommit() && self.seen.replace(changed) != changed {
            Disk::mirror(sqlite, &mut world.db);
        }
        ended
    }

    /// Runs a statement, as patiently as SQLite's own time-out.
    fn run<T>(&self, what: &str, work: impl Fn(&mut Sqlite) -> SqlResult<T, Error>) -> SqlResult<T, Error> {
        self.weather(what)?;
        for _ in 0..PATIENCE {
            match self.at_once(&work) {
                Err(fault) if fault.kind() == Kind::Busy => self.pace.give_way(Turn::Step),
                ended => return ended,
            }
        }
        self.busy(what)
    }

    fn sabotaged(&self, sabotage: Sabotage) -> bool {
        self.pace.world().sabotage == Some(sabotage)
    }

    /// The parameters as they are bound; when an order is due next is forgotten on purpose.
    fn spoiled<'a>(&self, statement: Statement, bound: &[Bound<'a>]) -> Vec<Bound<'a>> {
        let mut bound = bound.to_vec();
        if statement == Statement::Advance && self.sabotaged(Sabotage::NoNextPoll) {
            bound[16] = Bound::Null;
        }
        bound
    }
}

impl Connection for RoughSqlite<'_> {
    type Cause = Error;

    fn sql(&self) -> &Sql {
        &self.sql
    }

    fn usable(&self) -> SqlResult<(), Error> {
        Ok(())
    }

    fn unchanged(&self) -> SqlResult<(), Error> {
        Ok(())
    }

    fn in_transaction(&self) -> SqlResult<bool, Error> {
        Ok(self.is_open())
    }

    fn begin(&self) -> SqlResult<(), Error> {
        self.run("begin", |sqlite| sqlite.begin())
    }

    /// It may be refused, and its answer may be lost.
    fn commit(&self) -> SqlResult<(), Error> {
        self.weather("commit")?;
        let fate = {
            let world = &mut *self.pace.world();
            if world.fault(80) { 1 + world.dice.below(3) } else { 0 }
        };
        match fate {
            0 => self.at_once(|sqlite| sqlite.commit()),
            3 => self.busy("commit"),
            fate => {
                if fate == 1 {
                    self.at_once(|sqlite| sqlite.commit())?;
                }
                self.die();
                self.pace.world().counts.unknown += 1;
                Err(SqlFault::lost("commit"))
            }
        }
    }

    fn roll_back(&self) -> SqlResult<(), Error> {
        self.pace.step("rollback");
        self.at_once(|sqlite| sqlite.roll_back())
    }

    fn exec(&self, text: &str) -> SqlResult<(), Error> {
        match self.run(text.trim_end_matches(char::is_numeric), |sqlite| sqlite.exec(text)) {
            Err(fault) if fault.kind() == Kind::Broken && self.sabotaged(Sabotage::NoFence) => Ok(()),
            ended => ended,
        }
    }

    fn change(&mut self, statement: Statement, bound: &[Bound<'_>]) -> SqlResult<i64, Error> {
        if statement == Statement::KeepEvidence && self.sabotaged(Sabotage::NoEvidence) {
            return Ok(1);
        }
        let bound = self.spoiled(statement, bound);
        self.run(&format!("{statement:?}"), |sqlite| sqlite.change(statement, &bound))
    }

    fn rows(&mut self, statement: Statement, bound: &[Bound<'_>]) -> SqlResult<Vec<SqlRow>, Error> {
        if statement == Statement::Refunds && self.sabotaged(Sabotage::NoRefunds) {
            return Ok(Vec::new());
        }
        self.run(&format!("{statement:?}"), |sqlite| sqlite.rows(statement, bound))
    }

    fn change_once(&self, text: &str, bound: &[Bound<'_>]) -> SqlResult<i64, Error> {
        self.run(text, |sqlite| sqlite.change_once(text, bound))
    }

    fn rows_once(&self, text: &str) -> SqlResult<Vec<SqlRow>, Error> {
        self.run(text, |sqlite| sqlite.rows_once(text))
    }

    fn cleaning<T>(&self, work: impl FnOnce() -> T) -> T {
        work()
    }

    fn pause(&self, _: Duration) {
        (0..3).for_each(|_| self.pace.step("pause"));
    }

    fn forks(&self) -> u32 {
        0
    }
}

impl Link for RoughSqlite<'_> {
    type Fault = SqlFault<Error>;

    fn begin_outer(&self) -> SqlResult<(), Error> {
        self.begin()
    }

    fn commit_outer(&self) -> SqlResult<(), Error> {
        self.commit()
    }

    fn abandon_outer(&self) {
        self.undo();
    }

    fn write(&self, key: &OrderKey, count: i64) -> SqlResult<(), Error> {
        if self.is_open() && self.pace.world().fault(20) {
            return self.deadlock("shop writes");
        }
        let text = "INSERT INTO shop (out_trade_no, count) VALUES (?, ?)";
        self.change_once(text, &[(&key.out_trade_no).into(), count.into()]).map(drop)
    }

    fn defer_a_constraint(&self) {
        if self.is_open() {
            let text = "INSERT INTO shop (out_trade_no, count, item) VALUES ('', 0, 1)";
            self.at_once(|sqlite| sqlite.exec(text)).unwrap();
        }
    }

    fn steal_commit(&self) {
        if self.is_open() {
            let _ = self.at_once(|sqlite| sqlite.commit());
        }
    }

    fn hang_up(&self) -> SqlFault<Error> {
        self.die();
        SqlFault::lost("the shop ends the connection")
    }

    fn thrown(&self) -> SqlFault<Error> {
        SqlFault::own("the shop throws".into()).meaning(Kind::Foreign)
    }
}
