//! orderquery: what became of an order (protocol.md D).

use crate::error::{Error, Fault, Repeat};
use crate::gateway::call::{Call, Echo, Terms};
use crate::gateway::line::{Attempt, Line, OnAttempt};
use crate::gateway::threads::shielded;
use crate::model::merchant::Merchant;
use crate::model::numbers::OrderId;
use crate::model::order::Order;
use crate::wire::fields::Fields;
use crate::wire::sign::Verified;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::thread;

/// Asks for one order.
#[derive(Debug, Clone)]
pub struct OrderQuery(pub OrderId);

impl Call for OrderQuery {
    type Answer = Order;

    fn terms(&self) -> Terms {
        Terms::new("/pay/orderquery", Repeat::Query)
    }

    fn fields(&self) -> Fields {
        let mut fields = Fields::new();
        fields.set(self.0.field(), self.0.number());
        fields.set("version", "1.0");
        fields
    }

    fn echoes(&self) -> Vec<Echo> {
        vec![Echo { field: self.0.field().into(), asked: self.0.number().to_owned(), required: true }]
    }

    fn out_trade_no(&self) -> Option<&str> {
        self.0.as_out_trade_no()
    }

    fn read(&self, answer: &Verified<Fields>) -> Result<Order, Error> {
        Ok(Order::from_query(answer)?)
    }
}

/// What a worker of [`many`] has to say.
enum Word {
    Tried(Attempt),
    Done(usize, Box<Result<Order, Fault>>),
}

/// Asks for many orders, up to `concurrency` at once; the answers keep the order of the questions. Tries are
/// reported on the calling thread.
pub fn many(
    line: &Line,
    merchant: &Merchant,
    queries: &[OrderQuery],
    concurrency: usize,
    on_attempt: OnAttempt<'_>,
) -> Vec<Result<Order, Fault>> {
    let next = AtomicUsize::new(0);
    let mut answers: Vec<Option<Result<Order, Fault>>> = queries.iter().map(|_| None).collect();
    thread::scope(|scope| {
        let (say, hear) = channel();
        shielded(&mut || {
            for _ in 0..concurrency.min(queries.len()) {
                let (say, next) = (say.clone(), &next);
                // Fewer threads than wished for are slower, not wrong; with none at all every query is a fault below.
                let _ = thread::Builder::new()
                    .spawn_scoped(scope, move || work(line, merchant, queries, next, &say));
            }
        });
        drop(say);
        for word in hear {
            match word {
                Word::Tried(attempt) => on_attempt(&attempt),
                Word::Done(at, answer) => {
                    if let Some(slot) = answers.get_mut(at) {
                        *slot = Some(*answer);
                    }
                }
            }
        }
    });
    let unanswered = |query: &OrderQuery| {
        let error = Error::Configuration("no thread could be started for this query".into());
        Err(Fault::new(error, Repeat::Query, query.out_trade_no()))
    };
    answers
        .into_iter()
        .zip(queries)
        .map(|(answer, query)| answer.unwrap_or_else(|| unanswered(query)))
        .collect()
}

fn work(line: &Line, merchant: &Merchant, queries: &[OrderQuery], next: &AtomicUsize, say: &Sender<Word>) {
    while let Some((at, query)) = {
        let at = next.fetch_add(1, Ordering::Relaxed);
        queries.get(at).map(|q| (at, q))
    } {
        let mut on_attempt = |attempt: &Attempt| drop(say.send(Word::Tried(attempt.clone())));
        let answer = line.ask(merchant, query, &mut on_attempt);
        if say.send(Word::Done(at, Box::new(answer))).is_err() {
            return;
        }
    }
}
