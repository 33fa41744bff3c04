//! A platform's webhooks: answered within five seconds or tried again, three times in all; doubled, delayed and out of
//! order on purpose.
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;

use super::faults::Chance;

/// Attempts per webhook.
const ATTEMPTS: u32 = 3;

/// Time limit for the answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);

/// Wait between two attempts. The platforms' own waits are longer; a test does not need them.
const TRY_AGAIN_AFTER: Duration = Duration::from_millis(300);

/// One webhook.
#[derive(Clone, Debug)]
pub(crate) struct Notice {
    /// Its event's name.
    pub(crate) name: String,
    /// Its address.
    pub(crate) url: String,
    /// Headers, the signature among them.
    pub(crate) headers: Vec<(String, String)>,
    /// The body.
    pub(crate) body: Bytes,
}

/// The result of one webhook.
#[derive(Clone, Debug)]
pub(crate) struct Sent {
    /// The webhook.
    pub(crate) notice: Notice,
    /// The answer of each attempt; `None` if there was none in time.
    pub(crate) answers: Vec<Option<u16>>,
}

/// The sender. Clones share it.
#[derive(Clone)]
pub(crate) struct Notices {
    state: Arc<Mutex<State>>,
}

struct State {
    chance: Chance,
    doubled_per_mille: u32,
    lost_per_mille: u32,
    shuffled_ms: u64,
    sent: Vec<Sent>,
}

impl Notices {
    pub(super) fn new(seed: u64) -> Self {
        let chance = Chance::new(seed);
        let state = State { chance, doubled_per_mille: 0, lost_per_mille: 0, shuffled_ms: 0, sent: Vec::new() };
        Self { state: Arc::new(Mutex::new(state)) }
    }

    /// From now on this share of the webhooks is sent twice.
    pub(crate) fn doubled(&self, per_mille: u32) {
        self.lock().doubled_per_mille = per_mille;
    }

    /// From now on this share of the webhooks is never sent.
    pub(crate) fn lost(&self, per_mille: u32) {
        self.lock().lost_per_mille = per_mille;
    }

    /// From now on each webhook is delayed randomly up to this long, so that they overtake each other.
    pub(crate) fn shuffled(&self, within: Duration) {
        self.lock().shuffled_ms = within.as_millis() as u64;
    }

    /// All that were sent, in the order in which they were settled.
    pub(crate) fn sent(&self) -> Vec<Sent> {
        self.lock().sent.clone()
    }

    /// Sends a webhook after `delay`, in the background. Must be called within a tokio runtime.
    pub(crate) fn send(&self, delay: Duration, notice: Notice) {
        let (copies, waits) = {
            let state = &mut *self.lock();
            let copies = if state.chance.hits(state.lost_per_mille) { 0 } else { 1 };
            let copies = copies * (1 + usize::from(state.chance.hits(state.doubled_per_mille)));
            let wait = |state: &mut State| Duration::from_millis(state.chance.next() % (state.shuffled_ms + 1));
            (copies, [wait(state), wait(state)])
        };
        for wait in waits.into_iter().take(copies) {
            let (notice, state) = (notice.clone(), self.state.clone());
            tokio::spawn(async move {
                tokio::time::sleep(delay + wait).await;
                let answers = attempt(&notice).await;
                state.lock().expect("no holder panicked").sent.push(Sent { notice, answers });
            });
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().expect("no holder panicked")
    }
}

async fn attempt(notice: &Notice) -> Vec<Option<u16>> {
    let client = reqwest::Client::new();
    let mut answers = Vec::new();
    for number in 0..ATTEMPTS {
        if number > 0 {
            tokio::time::sleep(TRY_AGAIN_AFTER * number).await;
        }
        let mut request = client.post(&notice.url).timeout(ANSWER_WITHIN).body(notice.body.clone());
        for (name, value) in &notice.headers {
            request = request.header(name, value);
        }
        let answer = request.send().await.ok().map(|answer| answer.status().as_u16());
        answers.push(answer);
        if answer.is_some_and(|status| (200..300).contains(&status)) {
            break;
        }
    }
    answers
}
