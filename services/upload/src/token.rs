//! The entrant's token: returned once, stored as a digest. It names its submission, so that looking it up compares no
//! secret.
use std::ops::RangeInclusive;

use axum::http::HeaderMap;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use pipeline::id::SubmissionId;
use rand::TryRngCore;
use runtime::doors::{Door, Reason};
use runtime::serving::principal::bearer;
use runtime::store::submissions::SubmissionRow;
use runtime::telemetry;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use uuid::Uuid;

use crate::app::App;
use runtime::problem::{Code, Problem};

/// Random bytes in a token; the same number as in its digest.
const SECRET_BYTES: usize = 32;

/// An entrant's token. Its text is secret.
#[derive(Clone)]
pub struct Token {
    /// The submission that it opens.
    pub id: SubmissionId,
    text: String,
}

impl Token {
    /// A new one, for a new submission.
    pub(crate) fn new() -> anyhow::Result<Self> {
        Self::again(SubmissionId(Uuid::now_v7()))
    }

    /// A new one for an existing entry.
    pub(crate) fn again(id: SubmissionId) -> anyhow::Result<Self> {
        let mut secret = [0; SECRET_BYTES];
        rand::rngs::OsRng.try_fill_bytes(&mut secret)?;
        Ok(Self { id, text: format!("{}.{}", id.0.simple(), URL_SAFE_NO_PAD.encode(secret)) })
    }

    /// Parses one; `None` for a text that is not a token of ours. It does not imply that the token opens anything.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let (id, secret) = text.split_once('.')?;
        let whole = URL_SAFE_NO_PAD.decode(secret).is_ok_and(|secret| secret.len() == SECRET_BYTES);
        let id = id.parse().ok().filter(|_| whole)?;
        Some(Self { id, text: text.to_owned() })
    }

    /// Whether its id was made between these instants, by the time in a UUID v7. This checks the key of a draft from a
    /// browser, because works are listed in the order of their ids.
    pub(crate) fn is_of(&self, times: RangeInclusive<DateTime<Utc>>) -> bool {
        let made = self.id.0.get_timestamp().and_then(|made| DateTime::from_timestamp(made.to_unix().0 as i64, 0));
        made.is_some_and(|made| times.contains(&made))
    }

    /// The text that its holder sends.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The stored form.
    pub(crate) fn digest(&self) -> Vec<u8> {
        Sha256::digest(&self.text).to_vec()
    }

    /// Whether it is the token with this digest.
    pub(crate) fn opens(&self, digest: &[u8]) -> bool {
        self.digest().as_slice().ct_eq(digest).into()
    }
}

/// The submission whose token was sent as `Authorization: Bearer`.
pub(crate) async fn authorize(app: &App, headers: &HeaderMap) -> Result<SubmissionRow, Problem> {
    let refused = |code: Code, reason, id: Option<SubmissionId>| code.refused(Door::Entrants, reason, id);
    let token = bearer(headers).ok_or_else(|| refused(Code::TokenMissing, Reason::Missing, None))?;
    let token = Token::read(token).ok_or_else(|| refused(Code::TokenWrong, Reason::Malformed, None))?;
    let submission = app.store.submission(token.id).await?;
    let submission = submission.ok_or_else(|| refused(Code::TokenWrong, Reason::Unknown, Some(token.id)))?;
    if !token.opens(&submission.token_sha256) {
        return Err(refused(Code::TokenWrong, Reason::Wrong, Some(token.id)));
    }
    telemetry::follow(submission.id, submission.traceparent.as_deref());
    Ok(submission)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_says_when_it_was_made() {
        let (token, now) = (Token::new().unwrap(), runtime::clock::Clock::default().now());
        let (minute, day) = (chrono::TimeDelta::minutes(1), chrono::TimeDelta::days(1));
        assert!(token.is_of(now - minute..=now + minute));
        assert!(!token.is_of(now + minute..=now + day) && !token.is_of(now - day..=now - minute));
        let other = Token::read(&format!("{}{}", Uuid::new_v4().simple(), &token.text()[32..])).unwrap();
        assert!(!other.is_of(DateTime::UNIX_EPOCH..=now + day));
    }

    #[test]
    fn a_token_names_its_submission_and_is_never_the_same() {
        let token = Token::new().unwrap();
        let read = Token::read(token.text()).unwrap();
        assert!(read.id == token.id && read.opens(&token.digest()));
        assert!(!Token::new().unwrap().opens(&token.digest()));
        for wrong in ["", "x", "x.y", &token.text()[1..], &format!("{}A", token.text())] {
            assert!(Token::read(wrong).is_none(), "{wrong}");
        }
    }
}
