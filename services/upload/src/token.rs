//! The entrant's token: told once, kept as a digest. It names its submission, so that looking it up compares no secret.
use axum::http::HeaderMap;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use pipeline::id::SubmissionId;
use rand::TryRngCore;
use runtime::doors::{Door, Reason};
use runtime::serving::principal::bearer;
use runtime::store::submissions::SubmissionRow;
use runtime::telemetry;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::app::App;
use runtime::problem::{Code, Problem};

/// Random bytes in a token; as many as its digest has.
const SECRET_BYTES: usize = 32;

/// A new token for a submission, as text and as the digest to keep.
pub(crate) fn make(submission: SubmissionId) -> anyhow::Result<(String, Vec<u8>)> {
    let mut secret = [0; SECRET_BYTES];
    rand::rngs::OsRng.try_fill_bytes(&mut secret)?;
    let token = format!("{}.{}", submission.0.simple(), URL_SAFE_NO_PAD.encode(secret));
    let digest = Sha256::digest(&token).to_vec();
    Ok((token, digest))
}

/// The submission whose token came as `Authorization: Bearer`.
pub(crate) async fn authorize(app: &App, headers: &HeaderMap) -> Result<SubmissionRow, Problem> {
    let refused = |code: Code, reason, id: Option<SubmissionId>| code.refused(Door::Entrants, reason, id);
    let token = bearer(headers).ok_or_else(|| refused(Code::TokenMissing, Reason::Missing, None))?;
    let id = token.split_once('.').and_then(|(id, _)| id.parse().ok());
    let id = id.ok_or_else(|| refused(Code::TokenWrong, Reason::Malformed, None))?;
    let submission = app.store.submission(id).await?;
    let submission = submission.ok_or_else(|| refused(Code::TokenWrong, Reason::Unknown, Some(id)))?;
    let same: bool = Sha256::digest(token).as_slice().ct_eq(&submission.token_sha256).into();
    if !same {
        return Err(refused(Code::TokenWrong, Reason::Wrong, Some(id)));
    }
    telemetry::follow(submission.id, submission.traceparent.as_deref());
    Ok(submission)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_names_its_submission_and_is_never_the_same() {
        let id = SubmissionId(uuid::Uuid::now_v7());
        let (token, digest) = make(id).unwrap();
        assert_eq!(token.split_once('.').unwrap().0.parse::<SubmissionId>().unwrap(), id);
        assert_eq!(digest, Sha256::digest(&token).as_slice());
        assert_ne!(make(id).unwrap().0, token);
    }
}
