//! The core against the simulator over APIv3: real sockets, and two implementations that share no code.
#![cfg(feature = "simulator")]

#[cfg(test)]
mod life;
