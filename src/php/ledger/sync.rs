//! `WechatPay\Sync` and `WechatPay\SyncReport`: no order is forgotten.

use crate::ledger::carrier::{Carrier, needs_certificate};
use crate::ledger::store::{QueueStore, Whose};
use crate::ledger::sync::{Answer, Question, QuestionSender, round};
use crate::ledger::turns::Turns;
use crate::model::merchant::{ApiVersion, Merchant};
use crate::php::calls::gateway::Caller;
use crate::php::engine::guard::door;
use crate::php::engine::guard::gave::Gave;
use crate::php::engine::object::call::Call;
use crate::php::engine::object::class::{Holds, Returns, method, php_class, register};
use crate::php::engine::object::param::{Callback, Int, Object, Optional, Param, callback, int, object};
use crate::php::engine::object::property::NONE;
use crate::php::engine::object::shown::Shown;
use crate::php::engine::raise::{Outcome, Raise};
use crate::php::engine::signals;
use crate::php::engine::signals::Stop;
use crate::php::ledger::core::{PhpLedger, carrier, whose};
use crate::php::ledger::sync_report::{RunTotals, register_report};
use crate::php::values::merchant::{PhpMerchant, merchants};
use ext_php_rs::flags::DataType;
use ext_php_rs::types::{ZendClassObject, Zval};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What a PHP `Sync` holds: the ledger's object and the merchants.
pub struct PhpSync {
    ledger: Zval,
    merchants: Vec<Arc<Merchant>>,
}

php_class!(PhpSync, "WechatPay\\Sync", construct, PARAMS, holds);

impl Holds for PhpSync {
    fn each(&self, see: &mut dyn FnMut(&Zval)) {
        see(&self.ledger);
    }
}

const LEDGER: Param<Object<PhpLedger>> = object("ledger");
const MERCHANTS: Param<Object<PhpMerchant>> = object("merchants").rest();

const PARAMS: &[Shown] = &[LEDGER.shown, MERCHANTS.shown];

const SECONDS: Param<Int> = int("seconds").or("60");
const CONCURRENCY: Param<Int> = int("concurrency").or("16");
const BATCH: Param<Int> = int("batch").or("50");
const ON_PROGRESS: Param<Optional<Callback>> = callback("onProgress").or_null();

/// Questions about one merchant's orders in a second, at most.
const PER_SECOND: i64 = 300;
/// The pause when nothing is due.
const IDLE: u64 = 500;

/// Registers both classes.
pub fn register_all() -> ext_php_rs::error::Result<()> {
    register_report()?;
    let methods = [method!(
        "run",
        run,
        [SECONDS, CONCURRENCY, BATCH, ON_PROGRESS],
        Some(Returns(DataType::object("WechatPay\\SyncReport"), false))
    )];
    register::<PhpSync, _>(NONE, &methods, &[])
}

fn construct(call: &mut Call<'_>) -> Result<PhpSync, Raise> {
    call.get(LEDGER)?;
    let ledger = call.zval(LEDGER).map_or_else(Zval::null, |zval| zval.shallow_clone());
    let merchants = merchants(call, MERCHANTS)?.into_iter().map(|(merchant, _)| merchant).collect();
    Ok(PhpSync { ledger, merchants })
}

/// How long, how wide, how much at once.
struct SyncOptions {
    seconds: u64,
    concurrency: usize,
    batch: usize,
    on_progress: Option<Zval>,
}

fn run(call: &mut Call<'_>) -> Outcome {
    let options = SyncOptions {
        seconds: u64::try_from(within(call, SECONDS, 0..=86_400)?).unwrap_or(0),
        concurrency: usize::try_from(within(call, CONCURRENCY, 1..=64)?).unwrap_or(1),
        batch: usize::try_from(within(call, BATCH, 1..=1000)?).unwrap_or(1),
        on_progress: call.get(ON_PROGRESS)?,
    };
    let sync = call.this::<PhpSync>()?;
    let object = sync.ledger.object().and_then(ZendClassObject::<PhpLedger>::from_zend_obj);
    let ledger = object.and_then(|object| object.obj.as_ref());
    let ledger = ledger.ok_or_else(|| Raise::Engine("this Sync has no Ledger".into()))?;
    ledger.with(|core| Ok(core.store.alone("Sync::run()")?))?;
    let desks = sync.merchants.iter().map(|merchant| ledger.caller(merchant.clone()));
    let desks: Result<Vec<Caller>, Raise> = desks.collect();
    Worker::new(ledger, desks?, options).work()
}

fn within(call: &Call<'_>, param: Param<Int>, allowed: std::ops::RangeInclusive<i64>) -> Result<i64, Raise> {
    let given = call.get(param)?;
    let (least, most) = (allowed.start(), allowed.end());
    if allowed.contains(&given) {
        Ok(given)
    } else {
        Err(call.bad(param, format!("must be between {least} and {most}")))
    }
}

/// One run.
struct Worker<'a> {
    ledger: &'a PhpLedger,
    options: SyncOptions,
    turns: Turns,
    window: MerchantClients,
    report: RunTotals,
    started: Instant,
    /// Rounds without anything due, one after the other.
    idle: usize,
}

impl<'a> Worker<'a> {
    fn new(ledger: &'a PhpLedger, desks: Vec<Caller>, options: SyncOptions) -> Self {
        let turns = Turns::new(desks.iter().map(|desk| whose(&desk.merchant)), PER_SECOND);
        let started = Instant::now();
        let until = (options.seconds > 0).then(|| started + Duration::from_secs(options.seconds));
        let (concurrency, stop) = (options.concurrency, Stop::watch());
        let speech = (ApiVersion::V2, ApiVersion::V2);
        let window = MerchantClients { desks, concurrency, stop, started, speech, until, raised: None };
        Self { ledger, options, turns, window, report: RunTotals::default(), started, idle: 0 }
    }

    fn ms(&self) -> i64 {
        i64::try_from(self.started.elapsed().as_millis()).unwrap_or(i64::MAX)
    }

    fn work(mut self) -> Outcome {
        self.count_others()?;
        while !self.window.stopped() && !self.is_over() {
            self.turn()?;
            if !self.progress()? {
                self.report.stopped = true;
                break;
            }
        }
        if let Some(raise) = self.window.raised.take() {
            return Err(raise);
        }
        self.count_others()?;
        self.report.stopped |= self.window.stop.is_set();
        self.report.ms = self.ms();
        door::through(|| self.report.to_php())?
    }

    /// Orders whose merchant was not given are left alone; somebody should know.
    fn count_others(&mut self) -> Result<(), Raise> {
        let due = self.ledger.run("", |core| Ok(core.store.due()?))?;
        let desks = &self.window.desks;
        let is_given = |owner: &Whose| desks.iter().any(|desk| whose(&desk.merchant) == *owner);
        self.report.others = due.iter().filter(|(owner, _)| !is_given(owner)).map(|(_, count)| count).sum();
        Ok(())
    }

    /// With no time given the run ends when nothing is due.
    fn is_over(&self) -> bool {
        let all_idle = self.idle >= self.window.desks.len();
        if self.options.seconds == 0 { all_idle } else { self.started.elapsed() >= self.limit() }
    }

    fn limit(&self) -> Duration {
        Duration::from_secs(self.options.seconds)
    }

    /// One round of whoever's turn it is, or a pause.
    fn turn(&mut self) -> Result<(), Raise> {
        let whose = match self.turns.next(self.ms()) {
            Ok(whose) => whose,
            Err(wait) => return self.pause(u64::try_from(wait).unwrap_or(1)),
        };
        self.window.turns_to(&whose);
        let (window, batch) = (&mut self.window, self.options.batch);
        let tally = self.ledger.run("", |core| round(core, window, &whose, batch))?;
        self.turns.book(&whose, self.ms(), tally.asked, tally.limited);
        self.idle = if tally.claimed == 0 { self.idle + 1 } else { 0 };
        self.report.add(tally);
        if self.options.seconds > 0 && self.idle >= self.window.desks.len() {
            return self.pause(IDLE);
        }
        Ok(())
    }

    fn pause(&mut self, ms: u64) -> Result<(), Raise> {
        let left = match self.options.seconds {
            0 => ms,
            _ => u64::try_from(self.limit().saturating_sub(self.started.elapsed()).as_millis()).unwrap_or(ms),
        };
        let until = Instant::now() + Duration::from_millis(ms.min(left));
        while Instant::now() < until && !self.window.stop.is_set() {
            signals::sleep(20)?;
        }
        Ok(())
    }

    fn progress(&mut self) -> Result<bool, Raise> {
        let Some(on_progress) = &self.options.on_progress else { return Ok(true) };
        self.report.ms = self.ms();
        let told = || Ok(vec![self.report.to_php()?]);
        let gave = door::call_back(on_progress, told, Gave::of)?;
        Ok(gave.ran("onProgress")? != Gave::False)
    }
}

/// Where the questions go out: one desk for each merchant.
struct MerchantClients {
    desks: Vec<Caller>,
    concurrency: usize,
    stop: Stop,
    started: Instant,
    /// What is asked in, and what acts in, of the merchant whose turn it is.
    speech: (ApiVersion, ApiVersion),
    /// When the time of the run is over.
    until: Option<Instant>,
    raised: Option<Raise>,
}

impl MerchantClients {
    /// Where orders of this account are asked about: of one that is given in both dialects v2 is asked, which lists
    /// all refunds of an order, whichever sent them.
    fn asks_at(&self, owner: &Whose) -> Option<&Caller> {
        let lists = |caller: &&Caller| caller.merchant.api_version() == ApiVersion::V2;
        self.desks_of(owner).find(lists).or_else(|| self.desks_of(owner).next())
    }

    /// Where what acts goes out: there too, if it has the certificate, else at one that has.
    fn acts_at(&self, owner: &Whose) -> Option<&Caller> {
        let asks = self.asks_at(owner);
        let mut able = asks.into_iter().chain(self.desks_of(owner));
        able.find(|caller| caller.line_or_why(true).is_ok()).or(asks)
    }

    fn desks_of(&self, owner: &Whose) -> impl Iterator<Item = &Caller> {
        self.desks.iter().filter(|caller| whose(&caller.merchant) == *owner)
    }

    fn turns_to(&mut self, owner: &Whose) {
        let version = |caller: &Caller| caller.merchant.api_version();
        let asks = self.asks_at(owner).map(version);
        let acts = self.desks_of(owner).nth(1).and_then(|_| self.acts_at(owner)).map(version).or(asks);
        self.speech = asks.zip(acts).unwrap_or(self.speech);
    }

    fn carrier(&self, caller: &Caller, owner: &Whose, questions: &[Question]) -> Carrier {
        let asked = carrier(caller, false, self.concurrency);
        if !questions.iter().any(needs_certificate) {
            return asked;
        }
        let certified = self.acts_at(owner).unwrap_or(caller).line_or_why(true);
        Carrier { certified, ..asked }
    }
}

impl QuestionSender for MerchantClients {
    fn ask(&mut self, questions: &[Question]) -> Vec<Answer> {
        let Some(owner) = questions.first().map(|first| Whose::of(&first.entry.terms)) else {
            return Vec::new();
        };
        let Some(caller) = self.asks_at(&owner) else { return Vec::new() };
        let answers = self.carrier(caller, &owner, questions).ask(questions, caller.observer());
        self.raised = self.raised.take().or(door::interruption().err());
        answers
    }

    fn version(&self) -> ApiVersion {
        self.speech.0
    }

    fn acts_in(&self) -> ApiVersion {
        self.speech.1
    }

    fn width(&self) -> usize {
        self.concurrency
    }

    fn patience(&self) -> i64 {
        self.desks.iter().map(Caller::timeout_ms).max().unwrap_or(0)
    }

    fn clock(&self) -> i64 {
        i64::try_from(self.started.elapsed().as_millis()).unwrap_or(i64::MAX)
    }

    fn stopped(&mut self) -> bool {
        if self.raised.is_none() {
            self.raised = signals::dispatch().err();
        }
        let is_over = self.until.is_some_and(|until| Instant::now() >= until);
        self.raised.is_some() || self.stop.is_set() || is_over
    }
}
