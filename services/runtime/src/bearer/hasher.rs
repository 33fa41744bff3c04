//! The process's only use of argon2, for tokens and passwords. Hashing and verifying share a few turns and a bounded
//! queue, which limits their memory: 19 MiB for each turn. No other file may use argon2; `.clippy.toml` enforces that.
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use anyhow::Context;
use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use argon2::{Algorithm, Params, Version};
use rand::TryRngCore;
use tokio::sync::{Semaphore, TryAcquireError};

/// Hashes at the same time, with 19 MiB and a processor each.
const AT_ONCE: usize = 2;
/// Requests that may wait for a turn. A hash takes about 30 ms, so the last of them waits about half a second.
const WAITING: usize = 32;
/// How long a request waits for its turn.
const PATIENCE: Duration = Duration::from_secs(3);
/// OWASP's first choice for argon2id: 19 MiB, two passes, one lane.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;

static OF_PROCESS: LazyLock<Hasher> = LazyLock::new(|| Hasher::new(AT_ONCE, WAITING, PATIENCE));

/// There is no turn: too many requests wait already, or the wait took too long. Try again in a few seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too many secrets are being hashed at once")]
pub struct Busy;

/// Computes argon2id hashes, a few at a time.
pub(crate) struct Hasher {
    turns: Arc<Semaphore>,
    /// One permit for each request that has a turn or waits for one.
    places: Arc<Semaphore>,
    patience: Duration,
    running: Arc<Running>,
}

/// How many hashes are running, counted where they run.
#[derive(Default)]
struct Running {
    now: AtomicUsize,
    most: AtomicUsize,
}

impl Hasher {
    /// The hasher of this process.
    pub(crate) fn of_process() -> &'static Self {
        &OF_PROCESS
    }

    fn new(at_once: usize, waiting: usize, patience: Duration) -> Self {
        let semaphore = |permits| Arc::new(Semaphore::new(permits));
        Self { turns: semaphore(at_once), places: semaphore(at_once + waiting), patience, running: Arc::default() }
    }

    /// The hash of a secret in PHC form, with a new salt. [`Busy`] if there is no turn.
    pub(crate) async fn hash(&self, secret: String) -> anyhow::Result<String> {
        self.run(move || {
            let mut salt = [0; 16];
            rand::rngs::OsRng.try_fill_bytes(&mut salt)?;
            let salt = SaltString::encode_b64(&salt).map_err(|err| anyhow::anyhow!("make a salt: {err}"))?;
            let hash = argon2()?.hash_password(secret.as_bytes(), &salt);
            Ok(hash.map_err(|err| anyhow::anyhow!("hash a secret: {err}"))?.to_string())
        })
        .await
    }

    /// Whether a hash belongs to this secret. [`Busy`] if there is no turn.
    pub(crate) async fn verify(&self, secret: String, hash: String) -> anyhow::Result<bool> {
        self.run(move || {
            let hash = PasswordHash::new(&hash).map_err(|err| anyhow::anyhow!("read a hash: {err}"))?;
            Ok(argon2()?.verify_password(secret.as_bytes(), &hash).is_ok())
        })
        .await
    }

    /// The most hashes that ever ran at the same time.
    pub(crate) fn most_at_once(&self) -> usize {
        self.running.most.load(Ordering::SeqCst)
    }

    /// Runs `work` when it has its turn. If the caller goes away, the turn stays taken until the work has ended.
    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> anyhow::Result<T> + Send + 'static,
    ) -> anyhow::Result<T> {
        let place = match self.places.clone().try_acquire_owned() {
            Ok(place) => place,
            Err(TryAcquireError::NoPermits) => return Err(Busy.into()),
            Err(closed @ TryAcquireError::Closed) => return Err(closed.into()),
        };
        let turn = tokio::time::timeout(self.patience, self.turns.clone().acquire_owned()).await;
        let turn = turn.map_err(|_| Busy)??;
        let running = self.running.clone();
        let done = tokio::task::spawn_blocking(move || {
            let _held = (place, turn);
            running.begins();
            let done = work();
            running.now.fetch_sub(1, Ordering::SeqCst);
            done
        });
        done.await.context("hash a secret")?
    }
}

impl Running {
    fn begins(&self) {
        let now = self.now.fetch_add(1, Ordering::SeqCst) + 1;
        self.most.fetch_max(now, Ordering::SeqCst);
    }
}

#[allow(clippy::disallowed_types, reason = "the one place that computes it")]
fn argon2() -> anyhow::Result<argon2::Argon2<'static>> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None).map_err(|err| anyhow::anyhow!("{err}"));
    Ok(argon2::Argon2::new(Algorithm::Argon2id, Version::V0x13, params.context("argon2's parameters")?))
}

#[cfg(test)]
mod tests;
