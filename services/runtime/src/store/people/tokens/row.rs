//! A token as its table has it, and as readers see it.
use chrono::{DateTime, Utc};
use pipeline::id::{ContestId, CredentialId, PersonId};
use pipeline::person::{Held, Role, Sees};
use serde::Serialize;
use uuid::Uuid;

use crate::store::submissions::history::By;

/// A token for readers; nothing secret.
#[derive(Clone, Debug, Serialize)]
pub struct TokenRow {
    /// Its id.
    pub id: Uuid,
    /// The owner.
    pub person: PersonId,
    /// The owner's name.
    pub person_name: String,
    /// The owner's role in which it acts.
    pub role: Role,
    /// What it is for.
    pub name: String,
    /// Only this contest; absent: all.
    pub contest: Option<ContestId>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// Until when it is valid.
    pub expires_at: DateTime<Utc>,
    /// When it was revoked.
    pub revoked_at: Option<DateTime<Utc>>,
}

impl TokenRow {
    /// Its owner acting with this token, as the audit trail names them.
    pub fn by(&self, reason: Option<String>) -> By {
        let by = By::of(self.role.actor(), self.person, self.person_name.as_str());
        by.with_credential(CredentialId(self.id)).because(reason)
    }

    /// The role that its owner must hold.
    pub fn held(&self) -> Held {
        Held::of(self.role, self.contest.clone())
    }

    /// The contests that it is for.
    pub fn sees(&self) -> Sees {
        self.contest.clone().into()
    }
}

pub(super) struct Row {
    pub(super) id: Uuid,
    pub(super) person: Uuid,
    pub(super) person_name: String,
    pub(super) role: String,
    pub(super) name: String,
    pub(super) contest: Option<String>,
    pub(super) created_at: DateTime<Utc>,
    pub(super) expires_at: DateTime<Utc>,
    pub(super) revoked_at: Option<DateTime<Utc>>,
}

impl TryFrom<Row> for TokenRow {
    type Error = anyhow::Error;
    fn try_from(row: Row) -> Result<Self, Self::Error> {
        Ok(Self {
            id: row.id,
            person: PersonId(row.person),
            person_name: row.person_name,
            role: row.role.parse()?,
            name: row.name,
            contest: row.contest.map(ContestId::new),
            created_at: row.created_at,
            expires_at: row.expires_at,
            revoked_at: row.revoked_at,
        })
    }
}
