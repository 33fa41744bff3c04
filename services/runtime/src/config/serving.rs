//! Settings of every port.
use std::net::SocketAddr;

use clap::Args;

/// The port for monitoring, and what holds at every port that clients reach.
#[derive(Args, Clone)]
pub struct ServingConfig {
    /// Where /metrics, /healthz and /readyz listen. Port 0 takes any free port.
    #[arg(long, env = "ADMIN_LISTEN", default_value = "127.0.0.1:9090")]
    pub admin_listen: SocketAddr,

    /// Share of the connections, requests and uploads served at once that one address may have, in percent. Each
    /// replica counts for itself.
    #[arg(long, env = "ADDRESS_SHARE_PERCENT", default_value_t = 25, value_parser = clap::value_parser!(u8).range(1..=100))]
    pub address_share_percent: u8,

    /// Proxies of ours before the public API, the desk and partners' address, each of which adds the address that it saw to
    /// X-Forwarded-For.
    #[arg(long, env = "FORWARDED_HOPS", default_value_t = 0)]
    pub forwarded_hops: u8,
}
