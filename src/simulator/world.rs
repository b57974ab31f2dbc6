//! All that the simulated gateway knows, and the one way in which a request meets it.

use super::answer::Outcome;
use super::book::Book;
use super::calls;
use super::clock::Clock;
use super::dice::Dice;
use super::fault::{Plan, Rule};
use super::options::{Account, Options};
use super::reader;
use super::request::{Log, Request};
use super::sabotage;
use super::script::Play;

/// The state behind the listeners; one lock guards it.
#[derive(Debug)]
pub struct World {
    /// The known merchants.
    pub accounts: Vec<Account>,
    /// Virtual time.
    pub clock: Clock,
    /// Ids and nonces.
    pub dice: Dice,
    /// The orders.
    pub book: Book,
    /// Faults that wait.
    pub faults: Plan,
    /// What arrived.
    pub log: Log,
    /// Answers of closeorder as captured in 2018 instead of as documented.
    pub captured_manners: bool,
    seed: u64,
}

impl World {
    /// An empty gateway.
    pub fn new(options: &Options, seed: u64) -> Self {
        let mut accounts = options.accounts.clone();
        if accounts.is_empty() {
            accounts.push(Account::default());
        }
        Self {
            accounts,
            clock: Clock::default(),
            dice: Dice::new(seed),
            book: Book::default(),
            faults: Plan::default(),
            log: Log::default(),
            captured_manners: false,
            seed,
        }
    }

    /// Forgets everything but the merchants.
    pub fn reset(&mut self) {
        let options = Options {
            accounts: std::mem::take(&mut self.accounts),
            ..Options::default()
        };
        *self = Self::new(&options, self.seed);
    }

    /// The merchant that the control means when it names none.
    pub fn first_account(&self) -> Account {
        self.accounts.first().cloned().unwrap_or_default()
    }

    /// Answers one request of a merchant.
    pub fn serve(&mut self, request: &Request) -> Play {
        let fields = reader::read(&request.body);
        let rule = self.faults.take(&request.path, request.side);
        self.pass_time();
        let play = match &rule {
            Some(rule) => sabotage::spoiled(rule, self.outcome_under(rule, request, &fields)),
            None => sabotage::honest(&calls::respond(self, request, &fields)),
        };
        let fault = rule.map(|rule| rule.fault);
        self.log.note(request, fields.ok(), fault, play.status);
        play
    }

    fn outcome_under(&mut self, rule: &Rule, request: &Request, fields: &calls::Body) -> Outcome {
        let made_up = calls::made_up(self, rule.fault, request, fields);
        let carries_out = rule.processed.unwrap_or(rule.fault.carries_out());
        if carries_out {
            let outcome = calls::respond(self, request, fields);
            return made_up.unwrap_or(outcome);
        }
        made_up.unwrap_or_else(|| calls::placeholder().into())
    }

    /// Lets happen what was due by now.
    pub fn pass_time(&mut self) {
        let now = self.clock.now();
        for order in self.book.all_mut() {
            order.expire(now);
        }
    }
}
