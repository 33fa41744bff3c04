//! Fingerprints: kept when a work is probed, searched when it is screened, and a seat for each work that was let in, so that
//! of two copies which are screened at the same moment exactly one is the first. The words of works that have a seat are
//! written by `words`.
use anyhow::Context;
use pipeline::fingerprint::Fingerprint;
use pipeline::id::SubmissionId;
use pipeline::submission::{State, Submission};
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;

use super::Store;

mod words;

/// Works that a search hands back at most, those with most words in common first. A copy has dozens of words in common, a
/// stranger one or two.
const MOST_CANDIDATES: i64 = 32;
/// A word that more works than these have in common, such as an organiser's intro card, tells none of them from the others:
/// it finds nobody, and is given up after so many rows. Where most of a work's words are so common it is not a card that they
/// share but the work itself, entered over and over, and some of those works are compared.
const MOST_WORKS_OF_A_WORD: i64 = 64;

/// The place of a work in the order in which a contest's works were let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Seat(pub i64);

/// What a work has to be compared with.
#[derive(Clone, Debug)]
pub struct Standing {
    /// The work's own fingerprint; empty if it was probed before there were any.
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
    /// Looks for works of the same contest that were let in before this one and may be the same. Bounded, whatever was
    /// entered: in the works that come back, and in the rows that are read for each word.
    pub async fn standing(&self, id: SubmissionId) -> anyhow::Result<Standing> {
        self.quiet_transaction("search_fingerprints", |tx, _| {
            Box::pin(async move {
                let own = own(tx, id).await?;
                // Before the search: whoever takes a seat in between is newer than this and found at the commit.
                let newest = newest(tx, &own.contest).await?;
                let before = own.seat.unwrap_or(i64::MAX);
                let same_file = same_file(tx, id, &own.contest, before).await?;
                let candidates = candidates(tx, id, &own, before).await?;
                let own = Fingerprint::from_bytes(&own.picture, &own.sound);
                Ok(Standing { own, newest, same_file, candidates })
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
        MOST_WORKS_OF_A_WORD,
        MOST_CANDIDATES,
        own.salt,
    )
    .fetch_all(tx)
    .await
    .context("search for works like it")?;
    let found =
        rows.iter().map(|row| (SubmissionId(row.submission), Fingerprint::from_bytes(&row.picture, &row.sound)));
    Ok(found.collect())
}

/// Keeps the fingerprint of a work that was probed, in place of an older one. It takes no seat by that, and loses none.
pub(super) async fn keep(tx: &mut PgConnection, id: SubmissionId, fingerprint: &Fingerprint) -> anyhow::Result<()> {
    let words = |words: &[u32]| words.iter().map(|word| word.cast_signed()).collect::<Vec<i32>>();
    sqlx::query!(
        "/* keep_fingerprint */
        insert into fingerprints (submission, contest, picture, sound, tokens, probes)
        select id, contest, $2, $3, $4, $5 from submissions where id = $1
        on conflict (submission) do update set picture = excluded.picture, sound = excluded.sound,
            tokens = excluded.tokens, probes = excluded.probes",
        id.0,
        fingerprint.picture_bytes(),
        fingerprint.sound_bytes(),
        &words(&fingerprint.tokens),
        &words(&fingerprint.probes),
    )
    .execute(&mut *tx)
    .await
    .context("store the fingerprint")?;
    words::renew(tx, id).await
}

/// Takes the contest's next seat for a work that screening lets in, unless it has one. Whether it did; it does not where a work took a seat
/// after `compared` that the search would find now, so that the verdict holds no longer. `None` was compared with no other.
///
/// Holds the contest's lock from the comparison to the end of the transaction. The words are written before: they are most of what is
/// written, and no search sees them before the commit.
pub(super) async fn take_seat(tx: &mut PgConnection, id: SubmissionId, compared: Option<Seat>) -> anyhow::Result<bool> {
    words::write(tx, id).await?;
    if let Some(newest) = compared
        && overtaken(tx, id, newest).await?
    {
        return Ok(false);
    }
    sit_down(tx, id).await?;
    Ok(true)
}

/// Whether a work that took a seat after the search is the same file or shares a word, other than one that many works have.
async fn overtaken(tx: &mut PgConnection, id: SubmissionId, newest: Seat) -> anyhow::Result<bool> {
    sqlx::query!(
        "/* lock_seats */
        select pg_advisory_xact_lock(hashtextextended('seats of ' || contest, 0)) from submissions where id = $1",
        id.0,
    )
    .execute(&mut *tx)
    .await
    .context("lock the contest's seats")?;
    let overtaken = sqlx::query_scalar!(
        r#"/* seats_taken_since */
        with mine as materialized (
            select contest, coalesce(nullif(probes, '{}'), tokens) as probes,
                (select mezzanine_sha256 from submissions where id = $1) as file
            -- A work that has its seat already stands before them.
            from fingerprints where submission = $1 and seat is null
        ), since as materialized (
            select submission from fingerprints
            where contest = (select contest from mine) and seat > $2 and submission <> $1
        )
        select exists (
            select from since, mine
            where (select mezzanine_sha256 from submissions where id = since.submission) = mine.file or exists (
                -- By hashing: comparing each word with each other one takes milliseconds under the lock.
                select unnest(words) from fingerprint_words where submission = since.submission
                intersect
                select probe # contest_salt(mine.contest) from unnest(mine.probes) as probe)
        ) as "overtaken!""#,
        id.0,
        newest.0,
    )
    .fetch_one(tx)
    .await
    .context("look for seats taken since")?;
    Ok(overtaken)
}

/// A submission changed: one that was refused gives its seat up, unless an earlier run of it is still with a partner, and of one
/// that was taken back nothing is kept.
pub(super) async fn follow(tx: &mut PgConnection, id: SubmissionId, machine: &Submission) -> anyhow::Result<()> {
    match &machine.state {
        State::Uploading | State::At { .. } | State::AwaitingReview | State::AwaitingRelease => {}
        State::Published => words::forget_probes(tx, id).await?,
        State::Rejected { .. } => {
            leave_seat(tx, id).await?;
        }
        State::Withdrawn | State::Revoked => forget(tx, id).await?,
    }
    Ok(())
}

/// Forgets what a work looks and sounds like, with its seat.
pub(super) async fn forget(tx: &mut PgConnection, id: SubmissionId) -> anyhow::Result<()> {
    sqlx::query!("/* forget_fingerprint */ delete from fingerprints where submission = $1", id.0)
        .execute(tx)
        .await
        .context("forget the fingerprint")?;
    Ok(())
}

/// What is refused and with no partner stands in nobody's way: asked when it is refused, and when a partner has it no more.
pub(super) async fn leave_seat(tx: &mut PgConnection, id: SubmissionId) -> anyhow::Result<()> {
    sqlx::query!(
        "/* leave_seat */
        with left_by as (
            update fingerprints set seat = null where submission = $1
                and exists (select from submissions where id = $1 and state = 'rejected')
                and not exists (
                    select from deliveries where submission = $1 and state not in ('planned', 'recalled', 'refused')
                )
            returning submission
        )
        delete from fingerprint_words where submission in (select submission from left_by)",
        id.0,
    )
    .execute(tx)
    .await
    .context("give the seat up")?;
    Ok(())
}

async fn sit_down(tx: &mut PgConnection, id: SubmissionId) -> anyhow::Result<()> {
    sqlx::query!(
        "/* take_seat */
        insert into fingerprints (submission, contest, seat)
        select id, contest, nextval('fingerprint_seats') from submissions where id = $1
        on conflict (submission) do update set seat = excluded.seat where fingerprints.seat is null",
        id.0,
    )
    .execute(tx)
    .await
    .context("take a seat")?;
    Ok(())
}
