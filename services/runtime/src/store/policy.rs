//! The times and limits of claims, retries and sweeps, as the store applies them.
use std::time::Duration;

use crate::config::Config;

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

impl From<&Config> for Policy {
    fn from(config: &Config) -> Self {
        Self {
            lease: config.lease(),
            retry_base: Duration::from_secs_f64(config.retry_base_s),
            max_attempts: config.max_attempts,
            garbage_delay: Duration::from_secs_f64(config.garbage_delay_s),
        }
    }
}
