//! What happens on this thread's connection during one exchange. ureq calls back on the calling thread.

use std::cell::Cell;
use std::time::{Duration, Instant};
use ureq::unversioned::transport::NextTimeout;

/// How far a new connection has come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ConnectionStage {
    /// There is none: an older one is used, or nobody was reached.
    #[default]
    Nothing,
    /// The proxy has opened its tunnel.
    Tunnel,
    /// Its handshake is done.
    Connection,
}

/// One exchange as its connection saw it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Trace {
    connect_by: Option<Instant>,
    /// How far a new connection has come.
    pub made: ConnectionStage,
    /// Bytes of the request were handed to the connection.
    pub sent: bool,
    /// How many bytes of an answer came.
    pub received: usize,
    /// It was the deadline that ended it.
    pub timed_out: bool,
}

impl Trace {
    /// Was there a connection at all, new or old?
    pub fn reached(&self) -> bool {
        self.is_new() || self.sent
    }

    /// Was a new connection made?
    pub fn is_new(&self) -> bool {
        self.made == ConnectionStage::Connection
    }

    /// Has nothing come on a connection that was made for this exchange?
    pub fn is_fresh(&self) -> bool {
        self.received == 0 && (self.is_new() || !self.sent)
    }
}

thread_local! { static TRACE: Cell<Trace> = const { Cell::new(Trace { connect_by: None, made: ConnectionStage::Nothing, sent: false, received: 0, timed_out: false }) } }

/// A new exchange; name, connection and TLS have this long together.
pub fn begin(connect: Duration) {
    TRACE.set(Trace { connect_by: Instant::now().checked_add(connect), ..Trace::default() });
}

/// The exchange so far.
pub fn read() -> Trace {
    TRACE.get()
}

/// Did an older connection carry it?
pub fn reused() -> Option<bool> {
    let seen = read();
    seen.reached().then_some(!seen.is_new())
}

/// The proxy lets us through.
pub fn tunnelled() {
    TRACE.set(Trace { made: ConnectionStage::Tunnel, ..read() });
}

/// The handshake is done.
pub fn connected() {
    TRACE.set(Trace { made: ConnectionStage::Connection, ..read() });
}

/// The request is on its way.
pub fn sending() {
    TRACE.set(Trace { sent: true, ..read() });
}

/// Something came.
pub fn received(amount: usize) {
    TRACE.set(Trace { received: read().received + amount, ..read() });
}

/// The deadline has passed.
pub fn timed_out() {
    TRACE.set(Trace { timed_out: true, ..read() });
}

/// What is left of the connect deadline for the handshake.
pub fn connect_time_left(mut timeout: NextTimeout) -> NextTimeout {
    if let Some(by) = read().connect_by {
        let left = by.saturating_duration_since(Instant::now());
        if timeout.after.is_not_happening() || left < *timeout.after {
            timeout.after = left.into();
        }
    }
    timeout
}
