//! Takes and leaves seats, under the contest's lock.
use anyhow::Context;
use pipeline::id::SubmissionId;
use sqlx::PgConnection;

use super::seat::Seat;
use super::words;

/// Takes the contest's next seat for a work that screening accepts, unless it has one. Returns whether it did. It does
/// not if, after `compared`, a work took a seat that the search would find now, so that the verdict is no longer valid.
/// `None` means that no comparison was made.
///
/// Holds the contest's lock from the comparison to the end of the transaction. The words are written before: they are
/// most of what is written, and no search finds them before the commit.
pub(in crate::store) async fn take_seat(
    tx: &mut PgConnection,
    id: SubmissionId,
    compared: Option<Seat>,
) -> anyhow::Result<bool> {
    words::write(tx, id).await?;
    if let Some(newest) = compared
        && overtaken(tx, id, newest).await?
    {
        return Ok(false);
    }
    sit_down(tx, id).await?;
    Ok(true)
}

/// Whether a work that took a seat after the search is the same file or shares a word, except words that many works
/// have.
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

/// A refused work that no partner has must not block others: checked when it is refused, and when a partner no longer
/// has it.
pub(in crate::store) async fn leave_seat(tx: &mut PgConnection, id: SubmissionId) -> anyhow::Result<()> {
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
