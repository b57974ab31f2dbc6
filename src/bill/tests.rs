//! Tests of the whole floor.

mod reading;
mod reconcile;
mod vectors;
mod writer;
