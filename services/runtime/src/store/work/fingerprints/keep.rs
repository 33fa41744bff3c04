//! The fingerprint of a work, from its probe until it is deleted.
use anyhow::Context;
use pipeline::fingerprint::Fingerprint;
use pipeline::id::SubmissionId;
use pipeline::submission::{Phase, Submission};
use sqlx::PgConnection;

use super::seats::leave_seat;
use super::words;

/// Stores the fingerprint of a probed work, in place of an older one. It neither takes nor loses a seat.
pub(in crate::store) async fn keep(
    tx: &mut PgConnection,
    id: SubmissionId,
    fingerprint: &Fingerprint,
) -> anyhow::Result<()> {
    let words = |words: &[u32]| words.iter().map(|word| word.cast_signed()).collect::<Vec<i32>>();
    let had_seat = sqlx::query_scalar!(
        r#"/* keep_fingerprint */
        with former as (
            delete from fingerprint_words where submission = $1 returning submission
        ), kept as (
            insert into fingerprints (submission, contest, picture, sound, tokens, probes)
            select id, contest, $2, $3, $4, $5 from submissions where id = $1
            on conflict (submission) do update set picture = excluded.picture, sound = excluded.sound,
                tokens = excluded.tokens, probes = excluded.probes
        )
        select exists (select from former) as "had_seat!""#,
        id.0,
        fingerprint.picture_bytes(),
        fingerprint.sound_bytes(),
        &words(&fingerprint.tokens),
        &words(&fingerprint.probes),
    )
    .fetch_one(&mut *tx)
    .await
    .context("store the fingerprint")?;
    // A work without a seat has no words.
    if had_seat { words::write(tx, id).await } else { Ok(()) }
}

/// A submission changed: a refused one gives up its seat, unless an earlier run of it is still at a partner, and for a
/// withdrawn one everything is deleted.
pub(in crate::store) async fn follow(
    tx: &mut PgConnection,
    id: SubmissionId,
    machine: &Submission,
) -> anyhow::Result<()> {
    match machine.state.phase() {
        Phase::Arriving | Phase::Checking | Phase::Review | Phase::Making | Phase::Release | Phase::Publishing => {}
        Phase::Published => words::forget_probes(tx, id).await?,
        Phase::Rejected => leave_seat(tx, id).await?,
        Phase::TakenBack => forget(tx, id).await?,
    }
    Ok(())
}

/// Deletes a work's fingerprint, and its seat.
pub(in crate::store) async fn forget(tx: &mut PgConnection, id: SubmissionId) -> anyhow::Result<()> {
    sqlx::query!("/* forget_fingerprint */ delete from fingerprints where submission = $1", id.0)
        .execute(tx)
        .await
        .context("forget the fingerprint")?;
    Ok(())
}
