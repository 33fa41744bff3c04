//! Turns at hashing.
use std::sync::mpsc;

use super::*;

fn is_busy<T>(done: anyhow::Result<T>) -> bool {
    done.err().is_some_and(|err| err.is::<Busy>())
}

/// Work that holds its turn until the sender is dropped.
fn held(hasher: &'static Hasher) -> (mpsc::Sender<()>, tokio::task::JoinHandle<anyhow::Result<()>>) {
    let (release, wait) = mpsc::channel::<()>();
    let work = move || {
        let _ = wait.recv();
        Ok(())
    };
    (release, tokio::spawn(hasher.run(work)))
}

fn hasher(at_once: usize, waiting: usize, patience: Duration) -> &'static Hasher {
    Box::leak(Box::new(Hasher::new(at_once, waiting, patience)))
}

async fn until(fact: impl Fn() -> bool) {
    let patiently = async {
        while !fact() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), patiently).await.expect("it happens");
}

#[tokio::test(flavor = "multi_thread")]
async fn hashes_and_verifications_together_never_run_more_than_the_bound_at_once() {
    let hasher = hasher(2, 64, Duration::from_secs(60));
    let hash = hasher.hash("one".to_owned()).await.unwrap();
    let mut all = tokio::task::JoinSet::new();
    for n in 0..12 {
        all.spawn(async move { hasher.hash(n.to_string()).await.map(|_| true) });
        all.spawn(hasher.verify("one".to_owned(), hash.clone()));
    }
    assert!(all.join_all().await.into_iter().all(Result::unwrap));
    assert_eq!(hasher.most_at_once(), 2);
    assert_eq!(hasher.running.now.load(Ordering::SeqCst), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn beyond_the_queue_a_request_hears_at_once_that_there_is_no_turn() {
    let hasher = hasher(1, 1, Duration::from_secs(60));
    let (first, running) = held(hasher);
    let (second, waiting) = held(hasher);
    until(|| hasher.places.available_permits() == 0).await;
    assert!(is_busy(hasher.hash("x".to_owned()).await));
    drop((first, second));
    running.await.unwrap().unwrap();
    waiting.await.unwrap().unwrap();
    assert_eq!((hasher.places.available_permits(), hasher.most_at_once()), (2, 1));
    hasher.hash("x".to_owned()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_waits_too_long_gives_its_place_up() {
    let hasher = hasher(1, 8, Duration::from_millis(20));
    let (release, running) = held(hasher);
    until(|| hasher.turns.available_permits() == 0).await;
    assert!(is_busy(hasher.verify("x".to_owned(), String::new()).await));
    assert_eq!(hasher.places.available_permits(), 8, "only the running one has a place");
    drop(release);
    running.await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_that_goes_away_leaves_its_turn_taken_until_the_hash_is_done() {
    let hasher = hasher(1, 8, Duration::from_secs(60));
    let (release, running) = held(hasher);
    until(|| hasher.most_at_once() == 1).await;
    running.abort();
    assert!(running.await.unwrap_err().is_cancelled());
    assert_eq!(hasher.turns.available_permits(), 0, "the thread goes on, and so does its memory");
    drop(release);
    until(|| hasher.turns.available_permits() == 1).await;
}
