//! The order in which a contest's works were accepted.
use serde::{Deserialize, Serialize};

/// The position of a work in the order in which a contest's works were accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Seat(pub i64);
