//! How a test's pipeline differs from the default.
use crate::support::catalogue::{self, Gates};
use crate::support::servers::Servers;
use crate::support::store::ObjectStore;

/// How a test differs from the default.
pub(crate) struct Setup {
    /// The servers; by default those shared by all tests.
    pub(crate) servers: Option<Servers>,
    /// Which gates wait for a person.
    pub(crate) gates: Gates,
    /// Length of a segment in seconds; 0 does not cut.
    pub(crate) segment_s: u32,
    /// Buffer fill of the decoder that each of several segments is encoded for.
    pub(crate) buffer_start: f64,
    /// The object store; by default an embedded server of the test's own.
    pub(crate) store: Option<ObjectStore>,
    /// More partners of the catalogue: id and file, such as [`catalogue::partner`] makes.
    pub(crate) partners: Vec<(&'static str, String)>,
    /// Whether entered works go to those too, and not only inserted ones.
    pub(crate) to_all: bool,
    /// More environment for every service.
    pub(crate) env: Vec<(&'static str, String)>,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            servers: None,
            gates: catalogue::OPEN,
            segment_s: 0,
            buffer_start: 0.5,
            store: None,
            partners: Vec::new(),
            to_all: false,
            env: Vec::new(),
        }
    }
}
