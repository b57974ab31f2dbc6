//! Tests of the whole floor.

mod reading;
mod vectors;
mod writer;
