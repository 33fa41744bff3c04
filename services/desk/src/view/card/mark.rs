//! A mark on a card's time line.
use pipeline::screening::Rule;
use uuid::Uuid;

/// What a mark is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum MarkKind {
    /// Black picture.
    Black,
    /// A still picture.
    Frozen,
    /// No sound.
    Silent,
    /// Too loud or too quiet.
    Loud,
    /// Errors while decoding.
    Damaged,
    /// The same as in another work.
    Twin,
}

/// One mark.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// What it is about.
    pub kind: MarkKind,
    /// The rule of screening that it belongs to.
    pub rule: Rule,
    /// Whether that rule warns or is broken. Other marks are short ones that the rule allows.
    pub warns: bool,
    /// Where it starts, ms.
    pub start_ms: u64,
    /// Where it ends, ms.
    pub end_ms: u64,
    /// Whether it is about the whole work, because it was measured without a position.
    pub whole: bool,
    /// The other work, if this is a twin.
    pub other: Option<Uuid>,
}

impl MarkKind {
    /// Its stable name.
    pub fn name(self) -> &'static str {
        match self {
            MarkKind::Black => "black",
            MarkKind::Frozen => "frozen",
            MarkKind::Silent => "silent",
            MarkKind::Loud => "loud",
            MarkKind::Damaged => "damaged",
            MarkKind::Twin => "twin",
        }
    }
}
