//! Settings of the service role `desk`.
use std::net::SocketAddr;

use clap::Args;

/// The desk: where it listens, and where staff reach it.
#[derive(Args, Clone)]
pub struct DeskConfig {
    /// Where the desk listens, the service role for staff. Port 0 takes any free port.
    #[arg(long, env = "DESK_LISTEN", default_value = "127.0.0.1:8082")]
    pub desk_listen: SocketAddr,

    /// Address under which staff reach the desk, for links: https, and a host name of its own. http is accepted for loopback addresses
    /// only. Links are paths if absent.
    #[arg(long, env = "DESK_URL")]
    pub desk_url: Option<String>,
}
