//! Storing the picture of an act's evidence together with the act.
use futures::future::BoxFuture;
use pipeline::id::{PartnerId, SubmissionId};
use pipeline::object_key::ObjectKey;
use runtime::problem::Problem;
use serde::de::DeserializeOwned;

use super::Shown;
use crate::Desk;
use crate::act::{Done, settle};
use crate::picture::Picture;

impl Shown {
    /// Runs an act's transaction together with its picture. First as a trial that is rolled back, so that a refusal, a
    /// dry run and a repetition store nothing; then the picture is stored, and the act is done.
    pub(crate) async fn with_picture<'a, T: DeserializeOwned>(
        &self,
        desk: &Desk,
        submission: SubmissionId,
        partner: &PartnerId,
        dry_run: bool,
        act: impl Fn(bool) -> BoxFuture<'a, anyhow::Result<Done<T>>> + Send + Sync,
    ) -> Result<Done<T>, Problem> {
        let tried = settle(act(true).await)?;
        if tried.repeated || dry_run {
            return Ok(tried);
        }
        self.keep(desk, submission, partner).await?;
        let done = settle(act(false).await);
        if done.is_err() {
            self.give_up(desk, submission, partner).await;
        }
        done
    }

    /// Stores the picture before the transaction that refers to it, so that a referenced picture is never missing. The
    /// same picture again is the same object.
    async fn keep(&self, desk: &Desk, submission: SubmissionId, partner: &PartnerId) -> Result<(), Problem> {
        let Some(Picture { bytes, sha256 }) = &self.picture else { return Ok(()) };
        let key = ObjectKey::Proof(submission, partner.clone(), *sha256);
        desk.store.spare_object(&key.to_string()).await?;
        desk.objects.put_bytes(&key, bytes.clone()).await?;
        Ok(())
    }

    /// The act was refused after its picture was stored: the picture is garbage, unless another report refers to it.
    async fn give_up(&self, desk: &Desk, submission: SubmissionId, partner: &PartnerId) {
        let Some(file) = self.file(submission, partner) else { return };
        if let Err(error) = desk.store.note_unproven(&file.key).await {
            tracing::warn!(submission.id = %submission, "a picture of {submission} is left without a report: {error:#}");
        }
    }
}
