//! Settings of work on parts.
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::seconds::seconds;

/// How parts are claimed, tried again and given up, and where their files are.
#[derive(Args, Clone)]
pub struct WorkConfig {
    /// Directory for the files of running parts. It should be local and fast; nothing in it is needed after the process
    /// has ended.
    #[arg(long, env = "SCRATCH_DIR", default_value = "/tmp/reelmill")]
    pub scratch_dir: PathBuf,

    /// Parts that this process does at once, for each of its stages.
    #[arg(long, env = "SLOTS", default_value_t = 2, value_parser = clap::value_parser!(u16).range(1..=256))]
    pub slots: u16,

    /// How long a claim holds without renewal, in seconds. A dead worker's part runs elsewhere this long after, plus one
    /// reconciler tick.
    #[arg(long, env = "LEASE_S", default_value_t = 30.0, value_parser = seconds)]
    pub lease_s: f64,

    /// Seconds between two looks of the reconciler for expired leases, due retries and missing messages.
    #[arg(long, env = "RECONCILE_S", default_value_t = 5.0, value_parser = seconds)]
    pub reconcile_s: f64,

    /// First back-off of a failed part, in seconds; it doubles with each attempt.
    #[arg(long, env = "RETRY_BASE_S", default_value_t = 2.0, value_parser = seconds)]
    pub retry_base_s: f64,

    /// Attempts after which a failing part is parked for an operator.
    #[arg(long, env = "MAX_ATTEMPTS", default_value_t = 5, value_parser = clap::value_parser!(i32).range(1..))]
    pub max_attempts: i32,

    /// Works of bulk jobs that are worked on at once, in the whole installation.
    #[arg(long, env = "BULK_IN_FLIGHT", default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub bulk_in_flight: u32,

    /// Seconds after which a part of bulk work that newer entries kept waiting goes before them, a few of each stage at a time.
    #[arg(long, env = "BULK_AGE_S", default_value_t = 900.0, value_parser = seconds)]
    pub bulk_age_s: f64,

    /// Seconds before objects that are no longer needed are deleted. Well above the lease, so that no worker still writes there.
    #[arg(long, env = "GARBAGE_DELAY_S", default_value_t = 900.0, value_parser = seconds)]
    pub garbage_delay_s: f64,

    /// Seconds that a stopping worker lets its parts run on before it hands them back. Below 8, since all must be handed
    /// back within 10.
    #[arg(long, env = "STOP_GRACE_S", default_value_t = 4.0, value_parser = seconds)]
    pub stop_grace_s: f64,
}

impl WorkConfig {
    /// How long a claim is valid.
    pub fn lease(&self) -> Duration {
        Duration::from_secs_f64(self.lease_s)
    }

    /// Time between two ticks of the reconciler.
    pub fn reconcile_every(&self) -> Duration {
        Duration::from_secs_f64(self.reconcile_s)
    }

    /// Back-off after the first failure of a part.
    pub fn retry_base(&self) -> Duration {
        Duration::from_secs_f64(self.retry_base_s)
    }

    /// After which time a part of bulk work goes before newer entries.
    pub fn bulk_age(&self) -> Duration {
        Duration::from_secs_f64(self.bulk_age_s)
    }

    /// The wait before objects that are no longer needed are deleted.
    pub fn garbage_delay(&self) -> Duration {
        Duration::from_secs_f64(self.garbage_delay_s)
    }

    /// How long a stopping worker lets its parts run on.
    pub fn stop_grace(&self) -> Duration {
        Duration::from_secs_f64(self.stop_grace_s)
    }
}
