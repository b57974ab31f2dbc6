//! Many questions at once, each on one of a few threads; tries are reported on the calling thread.
//!
//! An observer may fork the process. Threads are not copied: the child waits for none and touches nothing that they
//! may have held.

use crate::gateway::attempt::{Attempt, AttemptObserver, OnAttempt, report};
use crate::gateway::threads::shielded;
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::process;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{self, JoinHandle};

/// What a thread has to say.
enum Word<A> {
    Tried(Attempt),
    Answered(usize, A),
    Panicked(Box<dyn Any + Send>),
}

/// What the threads share.
struct Work<Q, F> {
    questions: Vec<Q>,
    ask: F,
    /// The next question that nobody has taken.
    next: AtomicUsize,
    is_observed: bool,
}

/// Asks up to `concurrency` questions at once; the answers keep the order of the questions. `None`: no thread could
/// be started for it, or this process is a copy that an observer forked. Without an observer the calling thread sleeps
/// until all is done.
pub fn map<Q, A, F>(
    questions: Vec<Q>,
    concurrency: usize,
    ask: F,
    on_attempt: OnAttempt<'_>,
) -> Vec<Option<A>>
where
    Q: Send + Sync + 'static,
    A: Send + 'static,
    F: Fn(&Q, OnAttempt<'_>) -> A + Send + Sync + 'static,
{
    if let [question] = questions.as_slice() {
        return vec![Some(ask(question, on_attempt))];
    }
    let mut answers: Vec<Option<A>> = questions.iter().map(|_| None).collect();
    let threads = concurrency.min(questions.len());
    let work = Work { questions, ask, next: AtomicUsize::new(0), is_observed: on_attempt.is_some() };
    let crew = Crew::start(Arc::new(work), threads);
    let mut panicked = None;
    crew.listen(on_attempt, &mut |word| match word {
        Word::Answered(at, answer) => {
            if let Some(slot) = answers.get_mut(at) {
                *slot = Some(answer);
            }
        }
        Word::Panicked(panic) => panicked = Some(panic),
        Word::Tried(_) => {}
    });
    drop(crew);
    if let Some(panic) = panicked {
        resume_unwind(panic);
    }
    answers
}

/// Threads at work, and their words.
struct Crew<A, Q, F> {
    work: Arc<Work<Q, F>>,
    words: Option<Receiver<Word<A>>>,
    threads: Vec<JoinHandle<()>>,
    /// The process that has them.
    process: u32,
}

impl<Q, A, F> Crew<A, Q, F>
where
    Q: Send + Sync + 'static,
    A: Send + 'static,
    F: Fn(&Q, OnAttempt<'_>) -> A + Send + Sync + 'static,
{
    fn start(work: Arc<Work<Q, F>>, threads: usize) -> Self {
        let (sender, words) = channel();
        let mut crew = Self { work, words: Some(words), threads: Vec::new(), process: process::id() };
        shielded(&mut || {
            for _ in 0..threads {
                let (work, sender) = (crew.work.clone(), sender.clone());
                // Fewer threads than wished for are slower, not wrong.
                crew.threads.extend(thread::Builder::new().spawn(move || work.all(&sender)));
            }
        });
        crew
    }
}

impl<A, Q, F> Crew<A, Q, F> {
    /// Hears them until the last one is done, or until this process is a copy that has none of them.
    fn listen(&self, on_attempt: OnAttempt<'_>, receive: &mut dyn FnMut(Word<A>)) {
        for word in self.words.iter().flatten() {
            match word {
                Word::Tried(attempt) => report(on_attempt, &attempt),
                word => receive(word),
            }
            if self.process != process::id() {
                return;
            }
        }
    }
}

impl<A, Q, F> Drop for Crew<A, Q, F> {
    fn drop(&mut self) {
        let (words, threads) = (self.words.take(), std::mem::take(&mut self.threads));
        if self.process != process::id() {
            // Even a queue may have been in the middle of a word.
            std::mem::forget((words, threads));
            return;
        }
        self.work.next.store(self.work.questions.len(), Ordering::Relaxed);
        for thread in threads {
            let _ = thread.join();
        }
    }
}

impl<Q, F> Work<Q, F> {
    /// Takes one question after the other until there is none left.
    fn all<A>(&self, sender: &Sender<Word<A>>)
    where
        F: Fn(&Q, OnAttempt<'_>) -> A,
    {
        let pass_on = |attempt: &Attempt| {
            // Whoever listens does so until the last thread is done.
            let _ = sender.send(Word::Tried(attempt.clone()));
        };
        let on_attempt = self.is_observed.then_some(&pass_on as &dyn AttemptObserver);
        let places = std::iter::repeat_with(|| self.next.fetch_add(1, Ordering::Relaxed));
        for (at, question) in places.map_while(|at| self.questions.get(at).map(|question| (at, question))) {
            let answer = catch_unwind(AssertUnwindSafe(|| (self.ask)(question, on_attempt)));
            let word = answer.map_or_else(Word::Panicked, |answer| Word::Answered(at, answer));
            let _ = sender.send(word);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_keep_the_order_of_the_questions_however_many_threads_there_are() {
        let numbers: Vec<u64> = (0..50).collect();
        for threads in [1, 3, 64] {
            let slow = |n: &u64, _: OnAttempt<'_>| {
                thread::sleep(std::time::Duration::from_micros((50 - n) * 20));
                n * 2
            };
            let doubled: Option<Vec<u64>> = map(numbers.clone(), threads, slow, None).into_iter().collect();
            assert_eq!(doubled, Some(numbers.iter().map(|n| n * 2).collect()));
        }
    }

    #[test]
    fn a_panic_on_a_thread_is_one_of_the_caller_and_all_threads_are_over() {
        let held = Arc::new(());
        let theirs = held.clone();
        let ask = move |n: &u64, _: OnAttempt<'_>| {
            let _held = theirs.clone();
            assert_ne!(*n, 7, "seven");
        };
        let ended = catch_unwind(AssertUnwindSafe(|| map((0..20).collect(), 4, ask, None)));
        assert!(ended.is_err());
        assert_eq!(Arc::strong_count(&held), 1, "no thread has it any more");
    }
}
