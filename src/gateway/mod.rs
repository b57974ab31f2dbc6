//! Floor 3: conversations. From a declared call to a verified answer, over connections that outlive one call.

pub mod agent;
pub mod call;
pub mod container;
pub mod identity;
pub mod ladder;
pub mod line;
pub mod pem;
pub mod pool;
pub mod proxy;
pub mod refusal;
pub mod resolver;
pub mod retry;
#[cfg(test)]
pub(crate) mod sample;
pub mod settings;
pub mod threads;
pub mod tls;
pub mod transport;
