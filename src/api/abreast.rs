//! Many questions at once, each on one of a few threads; tries are reported on the calling thread.

use crate::gateway::line::{Attempt, OnAttempt};
use crate::gateway::threads::shielded;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::thread;

/// What a thread has to say.
enum Word<A> {
    Tried(Attempt),
    Done(usize, Box<A>),
}

/// Asks up to `concurrency` questions at once; the answers keep the order of the questions. `None`: no thread could
/// be started for it.
pub fn abreast<Q: Sync, A: Send>(
    questions: &[Q],
    concurrency: usize,
    ask: &(dyn Fn(&Q, OnAttempt<'_>) -> A + Sync),
    on_attempt: OnAttempt<'_>,
) -> Vec<Option<A>> {
    if let [question] = questions {
        return vec![Some(ask(question, on_attempt))];
    }
    let next = AtomicUsize::new(0);
    let mut answers: Vec<Option<A>> = questions.iter().map(|_| None).collect();
    thread::scope(|scope| {
        let (say, hear) = channel();
        shielded(&mut || {
            for _ in 0..concurrency.min(questions.len()) {
                let (say, next) = (say.clone(), &next);
                // Fewer threads than wished for are slower, not wrong.
                let _ = thread::Builder::new().spawn_scoped(scope, move || work(questions, ask, next, &say));
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
    answers
}

fn work<Q, A>(
    questions: &[Q],
    ask: &(dyn Fn(&Q, OnAttempt<'_>) -> A + Sync),
    next: &AtomicUsize,
    say: &Sender<Word<A>>,
) {
    while let Some((at, question)) = {
        let at = next.fetch_add(1, Ordering::Relaxed);
        questions.get(at).map(|question| (at, question))
    } {
        let mut on_attempt = |attempt: &Attempt| drop(say.send(Word::Tried(attempt.clone())));
        let answer = ask(question, &mut on_attempt);
        if say.send(Word::Done(at, Box::new(answer))).is_err() {
            return;
        }
    }
}
