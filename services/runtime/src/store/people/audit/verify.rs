//! Reads the audit trail from its first row and reports where it was tampered with.
//!
//! What is detected: a row that was changed, removed, inserted or moved, and a tail that was cut off without an
//! adjustment of `audit_head`. What cannot be detected from the database alone: a trail that a login with all rights
//! rewrote from some row on, or shortened together with its head. Against that, record the head elsewhere (`reelmill
//! audit verify` prints it, and every row's hash is in the log) and compare: a recorded head must be a row of the
//! trail.
use std::fmt;
use std::str::FromStr;

use anyhow::Context;
use sqlx::PgConnection;

use super::row::Row;
use crate::store::Store;

/// Rows that are read at a time.
const CHUNK: i64 = 1000;

/// The end of a trail at some time: `SEQ:HASH`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// Number of the last row, 0 for none.
    pub seq: i64,
    /// Its hash.
    pub hash: [u8; 32],
}

impl fmt::Display for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.seq, hex::encode(self.hash))
    }
}

impl FromStr for Head {
    type Err = anyhow::Error;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (seq, hash) = text.split_once(':').context("a head is SEQ:HASH")?;
        let hash = hex::decode(hash).ok().and_then(|hash| hash.try_into().ok()).context("a hash is 64 hex digits")?;
        Ok(Self { seq: seq.parse().context("the head's number")?, hash })
    }
}

/// The result of reading the trail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verified {
    /// Every row fits the one before it, and the last one is the head.
    Whole(Head),
    /// The first row that does not fit, and why.
    Broken {
        /// The row's number.
        seq: i64,
        /// What is wrong, for a person.
        why: String,
    },
}

impl Store {
    /// Reads the whole trail, up to its end at that time. `noted` is a head that was seen earlier and must be part of
    /// it.
    ///
    /// No transaction is longer than one chunk, because vacuum cannot remove what an open one may still see. The chain
    /// continues from chunk to chunk: each row names the hash of the one before it. Only the last rows and the head
    /// must be read at the same moment.
    pub async fn audit_verify(&self, noted: Option<&Head>) -> anyhow::Result<Verified> {
        let mut end = Head { seq: 0, hash: [0; 32] };
        let mut noted_is_there = noted.is_none_or(|noted| *noted == end);
        let head = loop {
            let (rows, head) = self.audit_chunk(end.seq).await?;
            for (row, hash) in &rows {
                if let Some(why) = wrong(row, hash, &end) {
                    return Ok(Verified::Broken { seq: end.seq + 1, why });
                }
                end = Head { seq: row.seq, hash: row.hash() };
                noted_is_there |= noted.is_some_and(|noted| *noted == end);
            }
            if (rows.len() as i64) < CHUNK {
                break head;
            }
        };
        let fits = head.as_ref() == Some(&end);
        Ok(match (fits, noted) {
            (false, _) => Verified::Broken {
                seq: end.seq + 1,
                why: "the trail does not end where its head says: rows after this were removed or added".into(),
            },
            (true, Some(noted)) if !noted_is_there => Verified::Broken {
                seq: noted.seq.min(end.seq + 1),
                why: format!("the noted head {noted} is no row of the trail: it was cut or rewritten"),
            },
            (true, _) => Verified::Whole(end),
        })
    }
}

impl Store {
    /// The next rows after `after` and the head, as of one moment.
    async fn audit_chunk(&self, after: i64) -> anyhow::Result<(Vec<(Row, Vec<u8>)>, Option<Head>)> {
        let begin = "begin isolation level repeatable read read only";
        let mut tx = self.pool().begin_with(begin).await.context("begin to read the audit trail")?;
        let rows = chunk(&mut tx, after).await?;
        let head = sqlx::query!("/* audit_head */ select seq, hash from audit_head")
            .fetch_optional(&mut *tx)
            .await
            .context("read the end of the audit trail")?;
        // A hash of another length belongs to no row.
        let head = head.and_then(|head| Some(Head { seq: head.seq, hash: head.hash.try_into().ok()? }));
        tx.commit().await.context("end reading the audit trail")?;
        Ok((rows, head))
    }
}

fn wrong(row: &Row, hash: &[u8], before: &Head) -> Option<String> {
    if row.seq != before.seq + 1 {
        return Some(format!("row {} follows row {}: what was between was removed", row.seq, before.seq));
    }
    if row.prev_hash != before.hash {
        return Some("it does not continue the row before it".into());
    }
    (row.hash() != hash).then(|| "it is not what was written".into())
}

/// Rows after `after`, in order, with their stored hashes. It reads every row, and does not start with number 1: a row
/// with a smaller number would otherwise be missed.
async fn chunk(tx: &mut PgConnection, after: i64) -> anyhow::Result<Vec<(Row, Vec<u8>)>> {
    let first = if after == 0 { i64::MIN } else { after };
    let rows = sqlx::query!(
        r#"/* audit_chunk */
        select seq, at, actor, name, person, credential, address, act, submission, contest, partner, reason, before::text as "before!",
            after::text as "after!", prev_hash, hash
        from audit where seq > $1 order by seq limit $2"#,
        first,
        CHUNK,
    )
    .fetch_all(tx)
    .await
    .context("read the audit trail")?;
    let rows = rows.into_iter().map(|row| {
        let hashed = Row {
            seq: row.seq,
            at: row.at,
            actor: row.actor,
            name: row.name,
            person: row.person,
            credential: row.credential,
            address: row.address,
            act: row.act,
            submission: row.submission,
            contest: row.contest,
            partner: row.partner,
            reason: row.reason,
            before: row.before,
            after: row.after,
            prev_hash: row.prev_hash,
        };
        (hashed, row.hash)
    });
    Ok(rows.collect())
}
