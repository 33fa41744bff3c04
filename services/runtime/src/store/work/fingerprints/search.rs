//! Searches the works that were accepted before one, for the same film.
use anyhow::Context;
use pipeline::fingerprint::Fingerprint;
use pipeline::id::SubmissionId;
use sqlx::PgConnection;

use super::seat::Seat;
use super::words;
use crate::store::Store;

/// The most works that a search returns, those with most words in common first. A copy has dozens of words in common,
/// an unrelated work one or two.
const MOST_CANDIDATES: i64 = 32;

/// What a work must be compared with.
#[derive(Clone, Debug)]
pub struct EarlierWorks {
    /// The work's own fingerprint; empty if it was probed before fingerprints existed.
    pub own: Fingerprint,
    /// The newest seat that the search saw.
    pub newest: Seat,
    /// An entry before it that is the same file.
    pub same_file: Option<SubmissionId>,
    /// Entries before it that share words with it, the most first.
    pub candidates: Vec<(SubmissionId, Fingerprint)>,
}

struct Own {
    contest: String,
    picture: Vec<u8>,
    sound: Vec<u8>,
    probes: Vec<i32>,
    salt: i32,
    seat: Option<i64>,
}

impl Store {
    /// Searches the same contest for works that were accepted before this one and may be the same. The search is
    /// limited in the works that it returns and in the rows that it reads for each word.
    pub async fn earlier_works(&self, id: SubmissionId) -> anyhow::Result<EarlierWorks> {
        self.quiet_transaction("search_fingerprints", |tx, _| {
            Box::pin(async move {
                let own = own(tx, id).await?;
                // Before the search: a work that takes a seat in between is newer than this and is found at the commit.
                let newest = newest(tx, &own.contest).await?;
                let before = own.seat.unwrap_or(i64::MAX);
                let same_file = same_file(tx, id, &own.contest, before).await?;
                let candidates = candidates(tx, id, &own, before).await?;
                let own = Fingerprint::from_bytes(&own.picture, &own.sound);
                Ok(EarlierWorks { own, newest, same_file, candidates })
            })
        })
        .await
    }
}

async fn own(tx: &mut PgConnection, id: SubmissionId) -> anyhow::Result<Own> {
    sqlx::query_as!(
        Own,
        r#"/* own_fingerprint */
        select e.contest, coalesce(picture, '') as "picture!", coalesce(sound, '') as "sound!",
            -- Of a published work the tokens are left.
            coalesce(nullif(probes, '{}'), tokens, '{}') as "probes!", contest_salt(e.contest) as "salt!", seat
        from submissions e left join fingerprints on submission = id where id = $1"#,
        id.0,
    )
    .fetch_one(tx)
    .await
    .context("read a fingerprint")
}

async fn newest(tx: &mut PgConnection, contest: &str) -> anyhow::Result<Seat> {
    let newest = sqlx::query_scalar!(
        r#"/* newest_seat */
        select coalesce(max(seat), 0) as "seat!" from fingerprints where contest = $1 and seat is not null"#,
        contest,
    )
    .fetch_one(tx)
    .await
    .context("read the newest seat")?;
    Ok(Seat(newest))
}

async fn same_file(
    tx: &mut PgConnection,
    id: SubmissionId,
    contest: &str,
    before: i64,
) -> anyhow::Result<Option<SubmissionId>> {
    let same = sqlx::query_scalar!(
        "/* same_file */
        select f.submission from submissions mine
            join submissions other on other.mezzanine_sha256 = mine.mezzanine_sha256
            join fingerprints f on f.submission = other.id
        where mine.id = $1 and other.id <> mine.id and f.contest = $2 and f.seat < $3
        order by f.seat limit 1",
        id.0,
        contest,
        before,
    )
    .fetch_optional(tx)
    .await
    .context("look for the same file")?;
    Ok(same.map(SubmissionId))
}

async fn candidates(
    tx: &mut PgConnection,
    id: SubmissionId,
    own: &Own,
    before: i64,
) -> anyhow::Result<Vec<(SubmissionId, Fingerprint)>> {
    if own.probes.is_empty() {
        return Ok(Vec::new());
    }
    words::by_index(tx).await?;
    let rows = sqlx::query!(
        "/* search_fingerprints */
        with hits as (
            select word, near.submission
            from unnest($1::integer[]) as word cross join lateral (
                select submission from fingerprint_words as it
                where words @> array[word # $7::integer] and submission <> $4
                    -- Looked up for each: a join may begin with all seats.
                    and (select seat from fingerprints f where f.submission = it.submission and contest = $2) < $3
                limit $5::bigint + 1
            ) as near
        ), words as (
            select word, count(*) > $5::bigint as common from hits group by word
        ), found as (
            select submission, count(*) as words from hits join words using (word)
            where not common or (select count(*) from words where common) * 2 > cardinality($1::integer[])
            group by submission order by words desc, submission limit $6
        )
        select submission, picture, sound from found join fingerprints using (submission) order by words desc, submission",
        &own.probes,
        own.contest,
        before,
        id.0,
        words::MOST_WORKS_OF_A_WORD,
        MOST_CANDIDATES,
        own.salt,
    )
    .fetch_all(tx)
    .await
    .context("search for similar works")?;
    let found =
        rows.iter().map(|row| (SubmissionId(row.submission), Fingerprint::from_bytes(&row.picture, &row.sound)));
    Ok(found.collect())
}
