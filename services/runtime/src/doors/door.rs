//! Where credentials are checked, why a request was refused there, and the refusal itself.

/// Where credentials are checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Door {
    /// The organisers' API, by tokens of people.
    Organisers,
    /// The pages of staff, by password, second factor, invitation and session.
    Console,
    /// The pages of recommending units, by the same means.
    Units,
    /// An entrant's entry and uploads, by the token of the entry.
    Entrants,
    /// The feed that partners pull and its files, by token and signed link.
    Feed,
    /// Notices that partners send, signed.
    Notices,
    /// The embedded object store, by signed requests.
    S3,
}

impl Door {
    /// Every door.
    pub const ALL: [Door; 7] =
        [Door::Organisers, Door::Console, Door::Units, Door::Entrants, Door::Feed, Door::Notices, Door::S3];

    /// Its name in logs and metrics.
    pub fn name(self) -> &'static str {
        match self {
            Door::Organisers => "organisers",
            Door::Console => "console",
            Door::Units => "units",
            Door::Entrants => "entrants",
            Door::Feed => "feed",
            Door::Notices => "notices",
            Door::S3 => "s3",
        }
    }
}

/// Why access was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reason {
    /// There was no credential.
    Missing,
    /// The text is not a credential of this kind.
    Malformed,
    /// It names a credential that does not exist.
    Unknown,
    /// The secret or the signature is wrong.
    Wrong,
    /// It is no longer valid: expired or revoked.
    Ended,
    /// It is valid but does not allow this.
    Forbidden,
    /// It was not checked, because of too many earlier failures.
    Slowed,
}

impl Reason {
    /// Every reason.
    pub const ALL: [Reason; 7] = [
        Reason::Missing,
        Reason::Malformed,
        Reason::Unknown,
        Reason::Wrong,
        Reason::Ended,
        Reason::Forbidden,
        Reason::Slowed,
    ];

    /// Its name in logs and metrics.
    pub fn name(self) -> &'static str {
        match self {
            Reason::Missing => "missing",
            Reason::Malformed => "malformed",
            Reason::Unknown => "unknown",
            Reason::Wrong => "wrong",
            Reason::Ended => "ended",
            Reason::Forbidden => "forbidden",
            Reason::Slowed => "slowed",
        }
    }
}

/// A request that was refused at a door. It is carried in the extensions of the answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Denied {
    /// Where.
    pub door: Door,
    /// Why. The client receives less detail.
    pub reason: Reason,
    /// The code that the client received.
    pub code: &'static str,
    /// Id of the credential, if it is known; never a secret.
    pub credential: Option<String>,
}
