//! Settings of the service role `publish`.
use std::net::SocketAddr;
use std::time::Duration;

use clap::Args;

use super::seconds::seconds;

/// Deliveries: how patient they are, and where partners reach us.
#[derive(Args, Clone)]
pub struct PublishConfig {
    /// First wait between two looks at what a partner does, in seconds; waits grow with the age, up to an hour.
    #[arg(long, env = "POLL_BASE_S", default_value_t = 30.0, value_parser = seconds)]
    pub poll_base_s: f64,

    /// Seconds after an unanswered call to a partner before a work that is not found there counts as not delivered and
    /// is sent again.
    #[arg(long, env = "UNKNOWN_SETTLE_S", default_value_t = 60.0, value_parser = seconds)]
    pub unknown_settle_s: f64,

    /// Where the publish role listens: the feed that partners pull, their webhooks. Port 0 takes any free port.
    #[arg(long, env = "PUBLISH_LISTEN", default_value = "127.0.0.1:8081")]
    pub publish_listen: SocketAddr,

    /// Address under which partners reach the publish role; the listening address if absent.
    #[arg(long, env = "PUBLISH_URL")]
    pub publish_url: Option<String>,
}

impl PublishConfig {
    /// First wait between two polls of a partner.
    pub fn poll_base(&self) -> Duration {
        Duration::from_secs_f64(self.poll_base_s)
    }

    /// After which time a missing answer of a call counts as not received.
    pub fn unknown_settle(&self) -> Duration {
        Duration::from_secs_f64(self.unknown_settle_s)
    }
}
