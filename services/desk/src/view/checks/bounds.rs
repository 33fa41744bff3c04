//! Settings of the process that the checks compare with the state of its servers.
use runtime::config::{DatabaseConfig, UploadConfig};

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

impl Bounds {
    /// As they are set.
    pub fn of(database: &DatabaseConfig, upload: &UploadConfig) -> Self {
        Self {
            database_connections: database.database_connections,
            upload_high_water_gib: upload.upload_high_water_gib,
            upload_most_unfinished: upload.upload_most_unfinished,
        }
    }
}
