//! Settings of the service role `upload`.
use std::net::SocketAddr;

use clap::Args;

use crate::serving::origins::Origins;

/// The public API: its address, and how much it accepts.
#[derive(Args, Clone)]
pub struct UploadConfig {
    /// Where the public API listens. Port 0 takes any free port.
    #[arg(long, env = "LISTEN", default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,

    /// Address under which entrants reach the public API, for links and upload addresses; the listening address if absent.
    #[arg(long, env = "PUBLIC_URL")]
    pub public_url: Option<String>,

    /// Entries that one address may make at once, and then every minute; 0 for any number. Each replica counts for itself.
    #[arg(long, env = "ENTRIES_PER_MINUTE", default_value_t = 120)]
    pub entries_per_minute: u32,

    /// Limit on the total size of one entry's unfinished uploads, as a multiple of its contest's largest film. A film
    /// that is sent in pieces needs two, since the pieces are deleted after they were joined; the third is for an
    /// attempt that was left unfinished.
    #[arg(long, env = "UPLOAD_BUDGET_FACTOR", default_value_t = 3, value_parser = clap::value_parser!(u8).range(2..=100))]
    pub upload_budget_factor: u8,

    /// Limit on entrants' films in the whole installation, complete and unfinished, in GiB. Beyond it no upload starts;
    /// uploads in progress continue up to a tenth more. Partners' files are not counted. 0 for no limit.
    #[arg(long, env = "UPLOAD_HIGH_WATER_GIB", default_value_t = 2048, value_parser = clap::value_parser!(u32).range(..=1_048_576))]
    pub upload_high_water_gib: u32,

    /// Limit on unfinished uploads in the whole installation. Beyond it none starts, and those that received nothing
    /// for an hour and have less than 8 MiB are ended. 0 for no limit.
    #[arg(long, env = "UPLOAD_MOST_UNFINISHED", default_value_t = 20_000)]
    pub upload_most_unfinished: u32,

    /// Lowest average rate of a client, in KiB a second. An upload that is slower is ended after a minute; what it sent
    /// is kept, and it can be resumed.
    #[arg(long, env = "UPLOAD_LEAST_KIB_S", default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub upload_least_kib_s: u16,

    /// Sites whose scripts may use the public API in a browser: `*` for all, `none`, or origins separated by commas, such as
    /// `https://contest.example.org`. No cookie counts there, so all of them gain nothing without a token.
    #[arg(long, env = "CORS_ORIGINS", default_value = "*", value_name = "ORIGIN,…")]
    pub cors_origins: Origins,
}
