//! Verifies bearer tokens without letting clients keep the server busy.
//!
//! Each request reads the token's row, so a revoked or expired token is refused from the next request on. Only the
//! result of the costly part, argon2, is remembered: under the digest of the whole token, bound to the hash that it was
//! compared with. `runtime::bearer` limits how many are computed at the same time, and a made-up secret is refused
//! before that.
use std::collections::HashMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use runtime::bearer::Bearer;
use runtime::doors::{Door, Reason};
use runtime::store::Store;
use runtime::store::people::tokens::{Presented, TokenRow};
use uuid::Uuid;

use runtime::problem::{Code, Problem};

/// How long a verified token needs no new verification.
const REMEMBERED: Duration = Duration::from_secs(300);
/// Verified tokens that are remembered; a contest has a few dozen.
const MOST: usize = 1024;

/// Recently verified tokens.
#[derive(Default)]
pub struct Verifier {
    verified: Mutex<HashMap<[u8; 32], Verified>>,
}

struct Verified {
    secret_hash: String,
    until: Instant,
}

impl Verifier {
    /// The token that was sent, if it is valid. Unknown, wrong, expired and revoked tokens get the same answer; the log
    /// has the reason.
    pub(crate) async fn verify(&self, store: &Store, sent: &str) -> Result<TokenRow, Problem> {
        let wrong = |reason, id: Option<Uuid>| Code::TokenWrong.refused(Door::Organisers, reason, id);
        let bearer = Bearer::parse(sent).ok_or_else(|| wrong(Reason::Malformed, None))?;
        let id = Some(bearer.id);
        let presented = store.token(bearer.id).await?;
        let likely = bearer.may_be(presented.as_ref().map(|it| &it.kept));
        let Presented { token, kept, holds } = presented.ok_or_else(|| wrong(Reason::Unknown, id))?;
        if !likely {
            return Err(wrong(Reason::Wrong, id));
        }
        let digest = bearer.digest();
        let right = self.remembers(&digest, &kept.secret_hash) || bearer.is(&kept).await?;
        if !right {
            return Err(wrong(Reason::Wrong, id));
        }
        if !holds {
            return Err(wrong(Reason::Ended, id));
        }
        self.remember(digest, kept.secret_hash);
        Ok(token)
    }

    fn remembers(&self, digest: &[u8; 32], secret_hash: &str) -> bool {
        // A panic while the lock is held leaves a valid map. Without the map, tokens are verified again.
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
