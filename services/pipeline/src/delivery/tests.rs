//! Facts of deliveries.
