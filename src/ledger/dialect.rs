//! SQL, later.
