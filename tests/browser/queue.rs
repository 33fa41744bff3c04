//! The screening queue as reviewers use it: by keyboard, two at a time, and with undo.
use uuid::Uuid;

use crate::support::browser::person::Person;
use crate::support::browser::{Browser, PATIENCE, Scripts};
use crate::support::catalogue::{BAG, DROP};
use crate::support::reviewed;
use crate::support::wait::wait_until_true;

use super::Stage;

/// Works reviewed in a row without the mouse.
const WORKS: usize = 50;

const QUEUE: &str = "/queue/screening";
const ENTER: char = '\u{E007}';

impl Stage {
    /// Works that wait for a reviewer, the oldest first.
    async fn waiting(&self, count: usize) -> Vec<Uuid> {
        let mut works = Vec::new();
        for n in 1..=count {
            works.push(reviewed::work(&self.pipeline, &format!("第 {n} 件作品"), &[DROP, BAG]).await);
        }
        works
    }

    async fn held(&self) -> i64 {
        self.pipeline.truth.count("select count(*) from held_decisions where failed_at is null").await
    }
}

/// The work whose card is open.
async fn card(browser: &Browser) -> Uuid {
    let path = browser.path().await;
    let id = path.strip_prefix(&format!("{QUEUE}/")).unwrap_or_else(|| panic!("{path} is no card"));
    id.parse().unwrap_or_else(|_| panic!("{path} is no card"))
}

/// Waits until the browser has left this page.
async fn leaves(browser: &Browser, path: &str) {
    wait_until_true(&format!("the browser has left {path}"), PATIENCE, async || browser.path().await != path).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_works_in_a_row_are_decided_by_keyboard() {
    let Some(stage) = Stage::new().await else { return };
    let works = stage.waiting(WORKS).await;
    stage.person("王审", &["screener"]).await;
    let browser = &stage.browser;
    browser.open(QUEUE).await;
    let mut seen = Vec::new();
    for n in 0..WORKS {
        seen.push(card(browser).await);
        let path = browser.path().await;
        // Every fifth is refused, with the first phrase of the catalogue.
        let keys = if n % 5 == 4 { vec!['r', '1', ENTER] } else { vec!['a'] };
        for key in keys {
            browser.press(key).await;
        }
        leaves(browser, &path).await;
    }
    assert_eq!(seen, works, "the oldest comes first, and each once");
    assert_eq!(browser.count("#decide").await, 0, "none is left");
    let truth = &stage.pipeline.truth;
    let waiting = "select count(*) from submissions where state = 'awaiting_review'";
    wait_until_true("every decision has taken effect", PATIENCE, async || truth.count(waiting).await == 0).await;
    assert_eq!(truth.count("select count(*) from submissions where state = 'rejected'").await, 10);
    assert!(browser.complaints().await.is_empty());
    stage.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn two_reviewers_are_never_given_the_same_card() {
    let Some(stage) = Stage::new().await else { return };
    let works = stage.waiting(3).await;
    stage.person("王审", &["screener"]).await;
    let (one, other) = (&stage.browser, stage.driver.browser(&stage.base, Scripts::On).await);
    other.open("/sign-in").await;
    Person::new(&stage.pipeline, "李审", &["screener"]).await.signed_in(&stage.pipeline, &other).await;
    one.open(QUEUE).await;
    other.open(QUEUE).await;
    assert_eq!((card(one).await, card(&other).await), (works[0], works[1]));
    // A card that another reviewer holds shows that reviewer's name and has no form.
    other.open(&format!("{QUEUE}/{}", works[0])).await;
    other.says("王审").await;
    assert_eq!(other.count("#decide").await, 0);
    // The next card of the first reviewer is not the one that the other holds.
    other.open(&format!("{QUEUE}/{}", works[1])).await;
    let path = one.path().await;
    one.press('a').await;
    leaves(one, &path).await;
    assert_eq!(card(one).await, works[2]);
    stage.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_decision_is_undone_by_a_key_and_keys_do_nothing_while_a_person_types() {
    let Some(stage) = Stage::new().await else { return };
    let works = stage.waiting(2).await;
    stage.person("王审", &["screener"]).await;
    let browser = &stage.browser;
    browser.open(QUEUE).await;
    // The marks on the time line, one after the other.
    let at = "return document.querySelector('#film').currentTime";
    let starts = "return [...document.querySelectorAll('[data-mark]')].map((it) => Number(it.dataset.seek))";
    let starts: Vec<f64> = serde_json::from_value(browser.ask(starts).await).expect("where marks begin");
    assert!(starts.len() >= 4 && starts.is_sorted(), "black, damaged, still, silent: {starts:?}");
    for mark in starts {
        browser.press('n').await;
        wait_until_true(&format!("the film is at its mark at {mark} s"), PATIENCE, async || {
            browser.ask(at).await.as_f64().is_some_and(|at| (at - mark).abs() < 0.1)
        })
        .await;
    }
    let path = browser.path().await;
    browser.click("#words").await;
    for key in "ahjr".chars() {
        browser.press(key).await;
    }
    assert_eq!((browser.value("#words").await.as_str(), browser.path().await), ("ahjr", path.clone()));
    assert_eq!(stage.held().await, 0);

    browser.open(&path).await;
    browser.press('a').await;
    leaves(browser, &path).await;
    assert_eq!((card(browser).await, stage.held().await), (works[1], 1));
    let next = browser.path().await;
    browser.press('u').await;
    leaves(browser, &next).await;
    assert_eq!((card(browser).await, stage.held().await), (works[0], 0));
    assert_eq!(stage.state(works[0]).await, "awaiting_review");
    // A skipped work comes after the other one.
    browser.press('h').await;
    leaves(browser, &path).await;
    assert_eq!(card(browser).await, works[1]);
    assert_eq!(stage.held().await, 0);
    stage.close();
}
