//! The messages that leave this system, generated at build time from `reelmill/v1/*.proto`. Only `runtime::wire` uses
//! them.

/// Package `reelmill.v1`.
pub mod reelmill {
    /// Version 1: fields are only ever added.
    #[allow(missing_docs, clippy::all)]
    pub mod v1 {
        include!(concat!(env!("OUT_DIR"), "/reelmill.v1.rs"));
    }
}
