//! Many questions at once, each on one of a few threads; tries are reported on the calling thread.

use crate::gateway::line::{Attempt, OnAttempt};
use crate::gateway::threads::shielded;
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::thread;

/// Asks up to `concurrency` questions at once; the answers keep the order of the questions. `None`: no thread could
/// be started for it. Without an observer the calling thread sleeps until all is done.
pub fn abreast<Q: Sync, A: Send>(
    questions: &[Q],
    concurrency: usize,
    ask: &(dyn Fn(&Q, OnAttempt<'_>) -> A + Sync),
    on_attempt: Option<OnAttempt<'_>>,
) -> Vec<Option<A>> {
    if let [question] = questions {
        return vec![Some(ask(question, on_attempt.unwrap_or(&mut |_| ())))];
    }
    let next = AtomicUsize::new(0);
    let mut answers: Vec<Option<A>> = questions.iter().map(|_| None).collect();
    thread::scope(|scope| {
        let (say, hear) = channel();
        let say = on_attempt.is_some().then_some(say);
        let mut workers = Vec::new();
        shielded(&mut || {
            for _ in 0..concurrency.min(questions.len()) {
                let (say, next) = (say.clone(), &next);
                // Fewer threads than wished for are slower, not wrong.
                let worker =
                    thread::Builder::new().spawn_scoped(scope, move || work(questions, ask, next, say));
                workers.extend(worker);
            }
        });
        drop(say);
        if let Some(on_attempt) = on_attempt {
            for attempt in &hear {
                on_attempt(&attempt);
            }
        }
        for (at, answer) in workers.into_iter().flat_map(|w| w.join().unwrap_or_else(|e| resume_unwind(e))) {
            if let Some(slot) = answers.get_mut(at) {
                *slot = Some(answer);
            }
        }
    });
    answers
}

/// Takes one question after the other until there is none left.
fn work<Q, A>(
    questions: &[Q],
    ask: &(dyn Fn(&Q, OnAttempt<'_>) -> A + Sync),
    next: &AtomicUsize,
    say: Option<Sender<Attempt>>,
) -> Vec<(usize, A)> {
    let mut on_attempt = move |attempt: &Attempt| {
        // Whoever listens does so until the last worker is done.
        say.as_ref().map(|say| say.send(attempt.clone()));
    };
    let places = std::iter::repeat_with(|| next.fetch_add(1, Ordering::Relaxed));
    let left = places.map_while(|at| questions.get(at).map(|question| (at, question)));
    left.map(|(at, question)| (at, ask(question, &mut on_attempt))).collect()
}
