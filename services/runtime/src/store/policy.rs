//! The times and limits of claims, retries and sweeps, as the store applies them.
use std::time::Duration;

use crate::config::WorkConfig;

/// How long claims are valid and what a failure costs.
#[derive(Clone, Copy, Debug)]
pub struct Policy {
    /// How long a claim is valid without renewal.
    pub lease: Duration,
    /// Back-off after the first failure; doubles with each.
    pub retry_base: Duration,
    /// Failures after which a part is parked.
    pub max_attempts: i32,
    /// The wait before unneeded objects are deleted.
    pub garbage_delay: Duration,
}

impl From<&WorkConfig> for Policy {
    fn from(config: &WorkConfig) -> Self {
        Self {
            lease: config.lease(),
            retry_base: config.retry_base(),
            max_attempts: config.max_attempts,
            garbage_delay: config.garbage_delay(),
        }
    }
}
