//! Why an upload failed.

/// Why an upload failed although all its bytes had arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The object store returned other bytes than it received.
    Damaged,
    /// A piece of the concatenation is gone.
    JoinFailed,
    /// The object store answered but did not create the object, in any of the attempts.
    StoreFailed,
}

impl Failure {
    const ALL: [Self; 3] = [Self::Damaged, Self::JoinFailed, Self::StoreFailed];

    /// Its name in the table and in problems.
    pub fn name(self) -> &'static str {
        match self {
            Self::Damaged => "damaged",
            Self::JoinFailed => "join_failed",
            Self::StoreFailed => "store_failed",
        }
    }

    pub(super) fn called(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|failure| failure.name() == name)
    }
}
