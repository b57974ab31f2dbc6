//! Tests of the whole floor.

mod oracle;
mod reading;
mod reconcile;
mod vectors;
mod writer;
