//! Facts of screening.
