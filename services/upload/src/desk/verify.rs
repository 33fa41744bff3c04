//! Verifying bearer tokens without becoming a way to keep the server busy.
//!
//! Each request reads the token's row, so a token that was revoked or has expired is of no use from the next request on. Only
//! the costly part, argon2, is remembered: under the digest of the whole token, bound to the hash it was compared with. At most
//! two are computed at once, those that cannot have a turn soon are asked to come again, and a made-up secret never
//! gets that far (`runtime::bearer`).
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use anyhow::Context;
use runtime::bearer::Bearer;
use runtime::store::Store;
use runtime::store::tokens::{Presented, TokenRow};
use tokio::sync::Semaphore;

use crate::problem::{Code, Problem};

/// Hashes computed at once: 19 MiB and a processor each.
const AT_ONCE: usize = 2;
/// How long a request waits for its turn.
const PATIENCE: Duration = Duration::from_secs(3);
/// How long a verified token is taken at its word.
const REMEMBERED: Duration = Duration::from_secs(300);
/// Verified tokens that are remembered; a contest has a few dozen.
const MOST: usize = 1024;

/// What was verified lately.
pub struct Verifier {
    turns: Arc<Semaphore>,
    verified: Mutex<HashMap<[u8; 32], Verified>>,
}

struct Verified {
    secret_hash: String,
    until: Instant,
}

impl Default for Verifier {
    fn default() -> Self {
        Self { turns: Arc::new(Semaphore::new(AT_ONCE)), verified: Mutex::default() }
    }
}

impl Verifier {
    /// The token that was sent, if it is one. Unknown, wrong, expired and revoked ones are answered alike.
    pub(crate) async fn verify(&self, store: &Store, sent: &str) -> Result<TokenRow, Problem> {
        let bearer = Bearer::parse(sent).ok_or(Code::TokenWrong)?;
        let presented = store.token(bearer.id).await?;
        if !bearer.may_be(presented.as_ref().map(|it| &it.kept)) {
            return Err(Code::TokenWrong.into());
        }
        let Presented { token, kept, holds } = presented.ok_or(Code::TokenWrong)?;
        let digest = bearer.digest();
        let right = self.remembers(&digest, &kept.secret_hash) || {
            let turn = tokio::time::timeout(PATIENCE, self.turns.clone().acquire_owned()).await;
            // The semaphore is never closed.
            let turn = turn.map_err(|_| Code::Unavailable)?.map_err(anyhow::Error::from)?;
            let hashed = kept.clone();
            let right = tokio::task::spawn_blocking(move || {
                let _turn = turn;
                bearer.is(&hashed)
            });
            right.await.context("verify a token")??
        };
        if !right || !holds {
            return Err(Code::TokenWrong.into());
        }
        self.remember(digest, kept.secret_hash);
        Ok(token)
    }

    fn remembers(&self, digest: &[u8; 32], secret_hash: &str) -> bool {
        // A panic while the lock is held leaves a whole map behind; without it, tokens are just verified again.
        let Ok(verified) = self.verified.lock() else { return false };
        verified.get(digest).is_some_and(|it| it.until > Instant::now() && it.secret_hash == secret_hash)
    }

    fn remember(&self, digest: [u8; 32], secret_hash: String) {
        let Ok(mut verified) = self.verified.lock() else { return };
        let now = Instant::now();
        if verified.get(&digest).is_some_and(|it| it.until > now) {
            return;
        }
        if verified.len() >= MOST {
            verified.retain(|_, it| it.until > now);
        }
        if verified.len() >= MOST {
            verified.clear();
        }
        verified.insert(digest, Verified { secret_hash, until: now + REMEMBERED });
    }
}
