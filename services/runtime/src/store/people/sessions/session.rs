//! A session: what starts it, what it is, why it ends.
use chrono::{DateTime, Utc};
use pipeline::id::PersonId;
use pipeline::person::Person;
use serde::Serialize;
use uuid::Uuid;

use super::site::Site;

/// A session ends this long after its last request, seconds.
pub const IDLE_S: u32 = 30 * 60;

/// And this long after it began.
pub const LIFE_S: u32 = 12 * 3600;

/// A valid session with its person.
#[derive(Clone, Debug)]
pub struct Session {
    /// Its id, which the audit trail names as the credential.
    pub id: Uuid,
    /// Its person, with the roles that they hold now.
    pub person: Person,
    /// When it began.
    pub created_at: DateTime<Utc>,
    /// When its last request came, exact to a minute.
    pub seen_at: DateTime<Utc>,
}

/// What a cookie refers to.
#[derive(Clone, Debug)]
pub enum Shown {
    /// A valid session.
    Valid(Box<Session>),
    /// A session that is no longer valid: ended, too old, or its person was ended.
    Ended,
    /// Not a session of ours, or one that was deleted long ago.
    Unknown,
}

impl Shown {
    /// The valid session, if it is one.
    pub fn valid(self) -> Option<Session> {
        match self {
            Shown::Valid(session) => Some(*session),
            Shown::Ended | Shown::Unknown => None,
        }
    }
}

/// A session to start.
#[derive(Clone, Debug)]
pub struct NewSession {
    /// Its id.
    pub id: Uuid,
    /// The person.
    pub person: PersonId,
    /// The site.
    pub site: Site,
    /// The second factor that was used.
    pub factor: Factor,
    /// Browser and system in a few words.
    pub agent: Option<String>,
    /// Pseudonym of the client's address.
    pub address: Option<String>,
}

/// The second factor of a sign-in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Factor {
    /// A code of the second factor.
    Totp,
    /// A recovery code.
    RecoveryCode,
}

impl Factor {
    /// Its stable name.
    pub fn name(self) -> &'static str {
        match self {
            Factor::Totp => "totp",
            Factor::RecoveryCode => "recovery_code",
        }
    }
}

/// Why a session was ended before its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// Its person signed out.
    SignedOut,
    /// Its person or an admin ended it from elsewhere.
    Ended,
    /// Its person changed the password.
    PasswordChanged,
    /// Its person set password and second factor by a link.
    Reset,
    /// Its person was ended.
    PersonEnded,
}

impl Why {
    /// Its stable name.
    pub fn name(self) -> &'static str {
        match self {
            Why::SignedOut => "signed_out",
            Why::Ended => "ended",
            Why::PasswordChanged => "password_changed",
            Why::Reset => "reset",
            Why::PersonEnded => "person_ended",
        }
    }
}

/// A valid session as a list shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SessionRow {
    /// Its id.
    pub id: Uuid,
    /// When it began.
    pub created_at: DateTime<Utc>,
    /// When its last request came, exact to a minute.
    pub seen_at: DateTime<Utc>,
    /// The second factor that was shown: `totp` or `recovery_code`.
    pub factor: String,
    /// Browser and system in a few words.
    pub agent: Option<String>,
    /// Pseudonym of the client's address.
    pub address: Option<String>,
}
