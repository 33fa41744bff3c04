//! Which unit.
use pipeline::id::{ContestId, UnitId};

/// A unit of a contest.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Of {
    /// The contest.
    pub contest: ContestId,
    /// The unit.
    pub unit: UnitId,
}
