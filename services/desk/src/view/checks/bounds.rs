//! Settings of the process that the checks compare with the state of its servers.
use runtime::config::Config;

/// The settings of the process about its servers.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Connections to the database that one process takes.
    pub database_connections: u32,
    /// GiB of entrants' films at which no new upload starts; 0: no limit.
    pub upload_high_water_gib: u32,
    /// Unfinished uploads at which no new one starts; 0: no limit.
    pub upload_most_unfinished: u32,
}

impl From<&Config> for Bounds {
    fn from(config: &Config) -> Self {
        Self {
            database_connections: config.database_connections,
            upload_high_water_gib: config.upload_high_water_gib,
            upload_most_unfinished: config.upload_most_unfinished,
        }
    }
}
