//! The audit trail: what people did, who, why, before and after. A row is written in the transaction of the act, and
//! rows form a chain of hashes, so that a changed, removed, inserted or moved row is detected. See `verify` for the
//! limits of this.
use anyhow::Context;
use chrono::{DateTime, Utc};
use pipeline::id::{ContestId, PartnerId, SubmissionId};
use pipeline::person::Sees;
use serde::Serialize;
use serde_json::Value;
use sha2::{Digest, Sha256};
use sqlx::{FromRow, PgConnection, Postgres, QueryBuilder};
use tracing::info;
use uuid::Uuid;

use super::Store;
use super::history::By;
use super::listing::within;

mod verify;

pub use verify::{Head, Verified};

/// The most rows on one page.
const PAGE: u32 = 500;

/// What a person did. It contains no personal data.
#[derive(Clone, Debug)]
pub struct Act<'a> {
    /// Its stable name, such as `released` or `token_created`.
    pub act: &'a str,
    /// The submission that it was done to.
    pub submission: Option<SubmissionId>,
    /// The partner that it concerns.
    pub partner: Option<&'a PartnerId>,
    /// The state before.
    pub before: Value,
    /// The state after.
    pub after: Value,
}

/// One row for readers.
#[derive(Clone, Debug, Serialize, FromRow)]
pub struct AuditRow {
    /// 1, 2, 3 … without gaps.
    pub seq: i64,
    /// When, by the database's clock.
    pub at: DateTime<Utc>,
    /// Kind of person, such as `organiser`.
    pub actor: String,
    /// The actor: the person's name, or `operator on HOST`.
    pub name: String,
    /// The person; absent for entrants and for a login that belongs to no person.
    pub person: Option<Uuid>,
    /// The credential, such as a token.
    pub credential: Option<Uuid>,
    /// Pseudonym of the address that it came from.
    pub address: Option<String>,
    /// What was done.
    pub act: String,
    /// The submission that it was done to.
    pub submission: Option<Uuid>,
    /// Its title; absent if it has been deleted since.
    pub title: Option<String>,
    /// Contest of the submission, or the contest that the token or the roles belong to.
    pub contest: Option<String>,
    /// The partner that it concerns.
    pub partner: Option<String>,
    /// Why.
    pub reason: Option<String>,
    /// The state before.
    pub before: Value,
    /// The state after.
    pub after: Value,
    /// Hash of the row, hex.
    pub hash: String,
}

/// Which rows to list, newest first.
#[derive(Clone, Debug, Default)]
pub struct AuditFilter {
    /// Only acts on this submission.
    pub submission: Option<SubmissionId>,
    /// Only acts on submissions of these contests, and on tokens and roles that belong to only one of them.
    pub contests: Sees,
    /// Only acts of this name.
    pub act: Option<String>,
    /// Only acts of this person.
    pub person: Option<Uuid>,
    /// Only rows before this one; for the next page.
    pub before: Option<i64>,
    /// At most this many; capped at 500.
    pub limit: Option<u32>,
}

/// A row as it is stored and hashed: JSON as text, byte for byte.
#[derive(Clone, Debug)]
struct Row {
    seq: i64,
    at: DateTime<Utc>,
    actor: String,
    name: String,
    person: Option<Uuid>,
    credential: Option<Uuid>,
    address: Option<String>,
    act: String,
    submission: Option<Uuid>,
    contest: Option<String>,
    partner: Option<String>,
    reason: Option<String>,
    before: String,
    after: String,
    prev_hash: Vec<u8>,
}

/// Starts the hashed bytes of a row without person, credential and address, like all rows from before these columns
/// existed.
const DOMAIN_UNNAMED: &[u8] = b"reelmill audit row 1";
/// Starts the hashed bytes of rows with at least one of them. Because of the separate domain, the hashed bytes of one
/// kind of row are never those of the other.
const DOMAIN_NAMED: &[u8] = b"reelmill audit row 2";

impl Row {
    /// SHA-256 over the domain and the fields in order. Each field is preceded by its length, and an absent one has
    /// none, so no two rows have the same bytes. Person, credential and address follow the others if at least one of
    /// them is present: removing all three from a row changes its domain, and so its hash.
    fn hash(&self) -> [u8; 32] {
        let seq = self.seq.to_be_bytes();
        let at = self.at.timestamp_micros().to_be_bytes();
        let text = |it: &'_ Option<String>| it.as_ref().map(|it| it.as_bytes().to_vec());
        let id = |it: Option<Uuid>| it.map(|it| it.as_bytes().to_vec());
        let mut fields = vec![
            Some(self.prev_hash.clone()),
            Some(seq.to_vec()),
            Some(at.to_vec()),
            Some(self.actor.clone().into_bytes()),
            Some(self.name.clone().into_bytes()),
            Some(self.act.clone().into_bytes()),
            id(self.submission),
            text(&self.contest),
            text(&self.partner),
            text(&self.reason),
            Some(self.before.clone().into_bytes()),
            Some(self.after.clone().into_bytes()),
        ];
        let named = self.person.is_some() || self.credential.is_some() || self.address.is_some();
        if named {
            fields.extend([id(self.person), id(self.credential), text(&self.address)]);
        }
        let mut hasher = Sha256::new();
        hasher.update(if named { DOMAIN_NAMED } else { DOMAIN_UNNAMED });
        for field in fields {
            match field {
                None => hasher.update([0]),
                Some(bytes) => {
                    hasher.update([1]);
                    hasher.update((bytes.len() as u64).to_be_bytes());
                    hasher.update(&bytes);
                }
            }
        }
        hasher.finalize().into()
    }
}

/// Adds what `by` did, within the transaction that does it. Call it last: from here on, no other act commits before
/// this one.
pub async fn add(tx: &mut PgConnection, by: &By, act: &Act<'_>) -> anyhow::Result<()> {
    add_about(tx, by, act, None).await
}

/// Like [`add`], for an act on something other than a submission that belongs to only one contest, such as a token.
/// People who are bound to that contest see the row.
pub async fn add_about(
    tx: &mut PgConnection,
    by: &By,
    act: &Act<'_>,
    contest: Option<&ContestId>,
) -> anyhow::Result<()> {
    let contest = match act.submission {
        Some(submission) => contest_of(tx, submission).await?,
        None => contest.map(ToString::to_string),
    };
    let head = sqlx::query!(
        r#"/* lock_audit_head */ select seq, hash, clock_timestamp() as "at!" from audit_head for update"#
    )
    .fetch_one(&mut *tx)
    .await
    .context("find the end of the audit trail")?;
    let row = Row {
        seq: head.seq + 1,
        at: head.at,
        actor: by.actor.to_string(),
        name: by.name.as_ref().to_owned(),
        person: by.person.map(|id| id.0),
        credential: by.credential.map(|id| id.0),
        address: by.address.clone(),
        act: act.act.to_owned(),
        submission: act.submission.map(|id| id.0),
        contest,
        partner: act.partner.map(|partner| partner.as_str().to_owned()),
        reason: by.reason.clone(),
        before: act.before.to_string(),
        after: act.after.to_string(),
        prev_hash: head.hash,
    };
    let hash = row.hash();
    insert(tx, &row, &hash).await?;
    sqlx::query!("/* move_audit_head */ update audit_head set seq = $1, hash = $2", row.seq, hash.as_slice())
        .execute(tx)
        .await
        .context("move the end of the audit trail")?;
    let hash = hex::encode(hash);
    // Logs are stored elsewhere, so they are evidence for the trail. If the transaction fails, the next row has the
    // same number.
    info!(audit.seq = row.seq, audit.hash = hash, audit.act = act.act, "audit row {} is {hash}", row.seq);
    Ok(())
}

pub(super) async fn contest_of(tx: &mut PgConnection, submission: SubmissionId) -> anyhow::Result<Option<String>> {
    sqlx::query_scalar!("/* contest_of */ select contest from submissions where id = $1", submission.0)
        .fetch_optional(tx)
        .await
        .context("find the submission's contest")
}

async fn insert(tx: &mut PgConnection, row: &Row, hash: &[u8]) -> anyhow::Result<()> {
    sqlx::query!(
        "/* add_audit */
        insert into audit (seq, at, actor, name, act, submission, contest, partner, reason, before, after, prev_hash, hash,
            person, credential, address)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10::text::json, $11::text::json, $12, $13, $14, $15, $16)",
        row.seq,
        row.at,
        row.actor,
        row.name,
        row.act,
        row.submission,
        row.contest,
        row.partner,
        row.reason,
        row.before,
        row.after,
        row.prev_hash,
        hash,
        row.person,
        row.credential,
        row.address,
    )
    .execute(tx)
    .await
    .context("add to the audit trail")?;
    Ok(())
}

impl Store {
    /// Rows of the trail, newest first. The query contains only the filters that are given, so that each uses its
    /// index.
    pub async fn audit(&self, filter: &AuditFilter) -> anyhow::Result<Vec<AuditRow>> {
        let mut sql = QueryBuilder::<Postgres>::new(
            "/* audit */
            select seq, at, actor, name, person, credential, address, act, submission,
                (select title from submissions s where s.id = audit.submission) as title,
                contest, partner, reason, before, after, encode(hash, 'hex') as hash
            from audit where true",
        );
        if let Some(submission) = filter.submission {
            sql.push(" and submission = ").push_bind(submission.0);
        }
        within(&mut sql, "contest", &filter.contests);
        if let Some(act) = &filter.act {
            sql.push(" and act = ").push_bind(act.clone());
        }
        if let Some(person) = filter.person {
            sql.push(" and person = ").push_bind(person);
        }
        if let Some(before) = filter.before {
            sql.push(" and seq < ").push_bind(before);
        }
        sql.push(" order by seq desc limit ").push_bind(i64::from(filter.limit.unwrap_or(100).min(PAGE)));
        let query = sql.build_query_as::<AuditRow>().persistent(false);
        query.fetch_all(self.pool()).await.context("read the audit trail")
    }

    /// Adds an act that itself changes nothing, such as reading personal data, in a separate transaction.
    pub async fn audit_act(&self, by: &By, act: &Act<'_>) -> anyhow::Result<()> {
        self.quiet_transaction("audit", |tx, _| Box::pin(async move { add(tx, by, act).await })).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row() -> Row {
        Row {
            seq: 1,
            at: DateTime::from_timestamp_micros(1723723200000001).unwrap(),
            actor: "organiser".into(),
            name: "王芳".into(),
            person: None,
            credential: None,
            address: None,
            act: "released".into(),
            submission: Some(Uuid::from_u128(1)),
            contest: Some("demo".into()),
            partner: None,
            reason: None,
            before: "{}".into(),
            after: r#"{"a":1}"#.into(),
            prev_hash: vec![0; 32],
        }
    }

    /// Another program computed the digests from the description of the format.
    #[test]
    fn a_row_without_person_credential_and_address_is_hashed_as_before_there_were_any() {
        let hash = |row: Row| hex::encode(row.hash());
        assert_eq!(hash(row()), "c79f3ad40c752dfdd76f3189969cae5e78a26debf659b89667d08f10886445dd");
        let (person, credential) = (Some(Uuid::from_u128(2)), Some(Uuid::from_u128(3)));
        let named = Row { person, credential, address: Some("0123456789abcdef".into()), ..row() };
        assert_eq!(hash(named), "3abb7d97478c552593660188654196dbb7788dc1c65ee49f60d82d19f6abccb9");
        assert_eq!(hash(Row { person, ..row() }), "0f7976d207e71df5fba4d867bc87fc82c402abc484d0d1b0eddba37df1f6b4f3");
        // The same id in another column gives another row.
        assert_ne!(hash(Row { credential: person, ..row() }), hash(Row { person, ..row() }));
    }
}
