//! Limits of the admin port.
use std::time::Duration;

use crate::serving::Bounds;

/// Few monitoring clients connect. One that takes everything must leave slots for others: a probe without a slot would
/// end the process.
pub(super) const BOUNDS: Bounds = Bounds {
    connections: 256,
    of_one_address: 64,
    // Longer than the usual time between two scrapes on one connection.
    heads_within: Duration::from_secs(75),
    grace: Duration::ZERO,
};
