//! The words under which works with a seat are found, without those that many works of the contest have.
use anyhow::Context;
use pipeline::id::SubmissionId;
use sqlx::PgConnection;

/// A word that more works than this have in common, such as an organiser's intro card, does not distinguish them: it
/// finds none, and its search stops after this many rows. If most of a work's words are so common, the works share not
/// a card but the film itself, entered many times, and some of them are compared.
pub(super) const MOST_WORKS_OF_A_WORD: i64 = 64;

/// The planner assumes that all words are equally common and may read the whole table for the first 64 works that have
/// one. This setting applies until the end of the transaction.
pub(super) async fn by_index(tx: &mut PgConnection) -> anyhow::Result<()> {
    sqlx::query!("/* search_by_index */ set local enable_seqscan = off").execute(tx).await?;
    Ok(())
}

/// Writes the words of a work that is about to take a seat; a work that has one has its words already. A word that many
/// works of the contest have finds none of them, and is left out: an index of it would only grow. If most of the work's
/// words are so common, it is a film that was entered many times, and keeps them all.
pub(super) async fn write(tx: &mut PgConnection, id: SubmissionId) -> anyhow::Result<()> {
    by_index(tx).await?;
    sqlx::query!(
        "/* write_words */
        with mine as (
            select submission, tokens, contest_salt(contest) as salt from fingerprints
            where submission = $1 and not exists (select from fingerprint_words where submission = $1)
        ), looked_up as (
            select token # salt as word, exists (
                select from fingerprint_words where words @> array[token # salt] and submission <> $1 offset $2::bigint
            ) as common
            from mine, unnest(tokens) as token
        )
        insert into fingerprint_words (submission, words)
        select submission, coalesce((
            select array_agg(word) from looked_up
            where not common or (select count(*) from looked_up where common) * 2 > cardinality(tokens)
        ), '{}') from mine",
        id.0,
        MOST_WORKS_OF_A_WORD,
    )
    .execute(tx)
    .await
    .context("write the words of a work")?;
    Ok(())
}

/// Deletes the words with which similar works were searched for. They are three quarters of a fingerprint and were for
/// its screening. If it is screened once more, the words under which it is found are enough, and it has its seat
/// already.
pub(super) async fn forget_probes(tx: &mut PgConnection, id: SubmissionId) -> anyhow::Result<()> {
    sqlx::query!(
        "/* forget_probes */ update fingerprints set probes = '{}' where submission = $1 and probes <> '{}'",
        id.0
    )
    .execute(tx)
    .await
    .context("forget the probes of a fingerprint")?;
    Ok(())
}
