//! What the ledger needs of a database, in its own words, and of the shop.

use super::entry::{Entry, Ms, OrderKey, OrderTerms, RefundRow, RefundWord};
use super::reason::Reason;
use super::sighting::Source;
use super::state::LedgerState;
use super::transition::Transition;

/// What a database's error means for us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A deadlock, a lock that was not given: the whole transaction may be tried again.
    Busy,
    /// The connection is gone; nothing was stored.
    Lost,
    /// The connection cannot write: a replica's, or that of a server which is no longer the primary.
    ReadOnly,
    /// COMMIT was sent and its answer is missing: stored, or not. A database that says no has not stored it.
    OutcomeUnknown,
    /// The callback ended or spoiled our transaction.
    Broken,
    /// The callback's own exception.
    Foreign,
    /// The script is over, by `exit()`, a fatal error, a limit: all work ends.
    Over,
    /// Anything else.
    Other,
}

/// An error of a store.
pub trait Failure {
    /// What it means.
    fn kind(&self) -> Kind;
    /// What was said.
    fn text(&self) -> &str;
}

/// Whose transaction it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Ours.
    Own,
    /// The shop's; we have a savepoint in it.
    Joined,
}

/// What became of an insert.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Added {
    /// It is new.
    New,
    /// It was there.
    Already,
}

/// One piece of evidence.
#[derive(Debug, Clone)]
pub struct Evidence<'a> {
    /// The order, known or not.
    pub key: &'a OrderKey,
    /// Its row, if it is known.
    pub order_id: Option<i64>,
    /// SHA-256 of the signed bytes.
    pub digest: &'a str,
    /// Where it was seen.
    pub source: Source,
    /// What was seen: WeChat's word, or a person's.
    pub observed: &'a str,
    /// The payment.
    pub transaction_id: Option<&'a str>,
    /// Fen.
    pub total_fee: Option<i64>,
    /// What became of it.
    pub reason: Reason,
    /// A person's note.
    pub note: Option<&'a str>,
}

/// How a row for an order begins.
#[derive(Debug, Clone)]
pub struct Opening {
    /// The first state: Created, or Review for a payment that nobody opened.
    pub state: LedgerState,
    /// When it is asked about, from now.
    pub due_in: Option<Ms>,
    /// The payment that nobody opened.
    pub suspect_id: Option<String>,
    /// Its amount.
    pub suspect_fee: Option<i64>,
    /// Its currency.
    pub suspect_type: Option<String>,
    /// Why.
    pub reason: Reason,
}

/// One message of the outbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The row.
    pub id: i64,
    /// Grows with every claim.
    pub epoch: i64,
    /// Claims so far.
    pub attempt: i64,
    /// What it is about: the state that was reached.
    pub topic: String,
    /// JSON.
    pub payload: String,
}

/// The database: transactions, orders, and what is due of them.
pub trait Store: OrderStore + QueueStore {}

impl<S: OrderStore + QueueStore> Store for S {}

/// Everything between `begin` and `commit` happens together or not at all.
pub trait Transactions {
    /// The database's errors.
    type Fault: Failure;

    /// Begins, or joins the shop's transaction.
    fn begin(&mut self) -> Result<Scope, Self::Fault>;
    /// Commits, or ends the savepoint. A failure that does not say "not stored" is `OutcomeUnknown`.
    fn commit(&mut self) -> Result<(), Self::Fault>;
    /// Rolls back. Never hides the error that led here.
    fn abandon(&mut self);
    /// Waits before try number `tries`.
    fn pause(&mut self, tries: u32);
    /// Marks the transaction before the shop's code runs.
    fn guard(&mut self) -> Result<(), Self::Fault>;
    /// Looks for the mark afterwards: fails with `Broken` if the transaction is not what it was.
    fn unguard(&mut self) -> Result<(), Self::Fault>;
    /// The database's clock.
    fn now(&mut self) -> Result<Ms, Self::Fault>;
}

/// Orders with their evidence, credits, refunds and messages, written inside a transaction.
pub trait OrderStore: Transactions {
    /// The order's current row, locked until the transaction ends.
    fn entry(&mut self, key: &OrderKey) -> Result<Option<Entry>, Self::Fault>;
    /// The order's row, not locked.
    fn peek(&mut self, key: &OrderKey) -> Result<Option<Entry>, Self::Fault>;
    /// Inserts an order unless it is there.
    fn register(&mut self, terms: &OrderTerms, opening: &Opening) -> Result<Added, Self::Fault>;
    /// Gives a payment that nobody had opened its order: the terms, and a life that begins now.
    fn adopt(&mut self, orphan: &Entry, terms: &OrderTerms) -> Result<bool, Self::Fault>;
    /// Writes what changed if the row is still the one that was read; `false` if it is not.
    fn advance(&mut self, before: &Entry, after: &Entry) -> Result<bool, Self::Fault>;
    /// Keeps evidence.
    fn keep_evidence(&mut self, evidence: &Evidence<'_>) -> Result<Added, Self::Fault>;
    /// When evidence for this order was first kept.
    fn first_seen(&mut self, key: &OrderKey) -> Result<Option<Ms>, Self::Fault>;
    /// When evidence that something of this order went back was first kept.
    fn refund_seen(&mut self, key: &OrderKey) -> Result<Option<Ms>, Self::Fault>;
    /// Inserts the credit; `Already` if the order or its payment has one.
    fn credit(&mut self, entry: &Entry, digest: &str) -> Result<Added, Self::Fault>;
    /// Marks the credit as taken back.
    fn revoke(&mut self, entry: &Entry) -> Result<bool, Self::Fault>;
    /// The refunds of an order.
    fn refunds(&mut self, entry: &Entry) -> Result<Vec<RefundRow>, Self::Fault>;
    /// Inserts a refund; `Already` if the number is taken.
    fn add_refund(&mut self, entry: &Entry, row: &RefundRow) -> Result<Added, Self::Fault>;
    /// Brings a refund of this order up to date.
    fn move_refund(&mut self, entry: &Entry, row: &RefundRow) -> Result<bool, Self::Fault>;
    /// Puts a message into the outbox.
    fn announce(&mut self, entry: &Entry, topic: &str, payload: &str) -> Result<(), Self::Fault>;
}

/// What is due, and what is over: outside any transaction, each by itself.
pub trait QueueStore: Transactions {
    /// Takes up to `most` orders of a merchant that are due, oldest first, and keeps them for `lease`, in a
    /// transaction of its own.
    fn claim(&mut self, whose: &Whose, lease: Ms, most: usize) -> Result<Vec<Entry>, Self::Fault>;
    /// How many orders are due, by whose they are.
    fn due(&mut self) -> Result<Vec<(Whose, i64)>, Self::Fault>;
    /// Gives a claimed order back, or keeps it for longer: due again after `due_in`, under the next epoch. `false` if
    /// the lease was lost.
    fn settle(&mut self, claimed: &Entry, due_in: Ms, attempt: i64) -> Result<bool, Self::Fault>;
    /// Whoever has the lease: of the failures of this order so many count at most.
    fn pardon(&mut self, order: &Entry, most: i64) -> Result<(), Self::Fault>;
    /// Makes messages that wait for an earlier one of their order due when that one is, so that no claim walks over
    /// them again and again: so many at most. Says how many there were.
    fn set_aside(&mut self, most: usize) -> Result<usize, Self::Fault>;
    /// Takes the message that is due longest; of each order only the oldest that is not delivered.
    fn claim_message(&mut self, lease: Ms) -> Result<Option<Message>, Self::Fault>;
    /// Gives a message back: due again after `due_in`, or done, and those that waited for it are due. `false` if the
    /// lease was lost.
    fn settle_message(&mut self, claimed: &Message, due_in: Option<Ms>) -> Result<bool, Self::Fault>;

    /// The first and the last row of this kind.
    fn span(&mut self, what: Leftover) -> Result<Option<(i64, i64)>, Self::Fault>;
    /// Removes what is over since before `before`, of the rows from `from` on and below `to`; says how many. Nothing
    /// that a decision may still need.
    fn purge(&mut self, what: Leftover, before: Ms, from: i64, to: i64) -> Result<i64, Self::Fault>;
}

/// What is left when all is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leftover {
    /// Messages that were delivered.
    Messages,
    /// Evidence of orders that have ended.
    Evidence,
}

/// Whose orders: one account's of a merchant, or of a sub-merchant of a service provider. WeChat is asked about an
/// order by the very ids it was placed with; absent ones are empty.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs, reason = "each is the field of that name in protocol.md")]
pub struct Whose {
    pub mch_id: String,
    pub sub_mch_id: String,
    pub appid: String,
    pub sub_appid: String,
}

impl Whose {
    /// Whose an order with these terms is.
    pub fn of(terms: &OrderTerms) -> Self {
        Self {
            mch_id: terms.key.mch_id.clone(),
            sub_mch_id: terms.key.sub_mch_id.clone(),
            appid: terms.appid.clone(),
            sub_appid: terms.sub_appid.clone(),
        }
    }
}

/// The shop: what runs inside the transaction that gives or takes the credit.
pub trait Shop<F> {
    /// Gives the credit.
    fn credit(&mut self, transition: &Transition) -> Result<(), F>;
    /// Takes it back.
    fn revoke(&mut self, transition: &Transition) -> Result<(), F>;
}

/// Why the ledger stopped.
#[derive(Debug)]
pub enum Halt<F> {
    /// The store failed.
    Store(F),
    /// The shop asked for something that cannot be.
    Refused(Refusal),
    /// A rule that the database keeps for us would have been broken: nothing was stored.
    Breach(Reason),
    /// Another transaction was faster, although the row was locked: nothing was stored.
    Raced,
}

impl<F> From<F> for Halt<F> {
    fn from(fault: F) -> Self {
        Self::Store(fault)
    }
}

/// What cannot be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Nobody opened it.
    #[error("must be the number of an order that was opened")]
    NotOpened,
    /// It was opened with other arguments.
    #[error("must be opened with the same {0} as before")]
    Differs(&'static str),
    /// The state does not allow it.
    #[error("cannot be {what} while it is {}", .state.word())]
    State {
        /// What was asked.
        what: &'static str,
        /// Where the order stands.
        state: LedgerState,
    },
    /// A reverse of it is wanted, and may give the whole payment back.
    #[error("cannot be refunded while a reverse of it is wanted: let Sync end that first")]
    Reversing,
    /// The refund's number was used with another amount, or for another order.
    #[error("must not be a number that was used for another refund")]
    RefundTaken,
    /// More than is left.
    #[error("must be at most the {left} fen that are left to refund")]
    TooMuch {
        /// Fen.
        left: i64,
    },
    /// Nothing verified says that it was paid.
    #[error("cannot be resolved so: no verified payment is known; apply() what OrderQuery says of it first")]
    NoPayment,
    /// Something of the payment went back, and nobody knows yet how much.
    #[error(
        "cannot be credited before its refunds are known: let Sync ask, or applyRefunds() what RefundQuery says of it"
    )]
    RefundsUnknown,
    /// A refund is wanted, or was accepted.
    #[error("cannot be {what} while its refund {number} is {}", .state.word())]
    RefundUnderWay {
        /// What was asked.
        what: &'static str,
        /// The refund.
        number: String,
        /// Where the refund stands.
        state: RefundWord,
    },
    /// A refund of this number was accepted, or may be, with another value of this argument.
    #[error("must be what it was before: a refund of this number is under way with another")]
    RefundDiffers(&'static str),
    /// WeChat has closed the refund of this number, and APIv3 takes none twice.
    #[error(
        "must be a new number: WeChat has closed the refund of this one, and APIv3 takes no number twice"
    )]
    RefundClosed,
    /// No refund of the order has this number.
    #[error("must be the number of a refund of this order")]
    NoRefund,
    /// Another merchant opened it; WeChat would be asked with ids that are not the order's.
    #[error("must be the merchant that the order was opened with: its {name} is {opened:?}")]
    OtherMerchant {
        /// The id that differs.
        name: &'static str,
        /// The order's.
        opened: String,
    },
    /// Code payments are reversed, the others are closed.
    #[error("cannot be {0}: code payments are reversed, all others are closed")]
    WrongWay(&'static str),
}
