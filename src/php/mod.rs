//! Floor 5: PHP.
