//! Floor 3: conversations. From a declared call to a verified answer, over connections that outlive one call.

pub mod attempt;
mod authority;
pub mod client;
pub mod container;
pub mod endpoint;
pub mod exchange;
#[cfg(test)]
pub(crate) mod fixtures;
pub mod http;
pub mod identity;
pub mod pem;
pub mod pool;
pub mod proxy;
pub mod refusal;
pub mod refused;
pub mod resolver;
pub mod retry;
pub mod settings;
pub mod threads;
pub mod tls;
pub mod trace;
pub mod transport;
pub mod v3;
