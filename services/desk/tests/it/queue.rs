//! The screening queue: which reviewer is given which work, and decisions that can be undone before they take effect.
use desk::Desk;
use desk::act::Caller;
use desk::act::claim::{self, Opened};
use desk::act::decide::{self, Wish};
use desk::act::review::Decision;
use desk::view::queue::{self, Decided};
use futures::future::join_all;
use pipeline::id::{CredentialId, PersonId, SubmissionId};
use pipeline::lang::Lang;
use pipeline::person::{Held, Sees};
use pipeline::queue::Queue;
use reqwest::Method;
use runtime::problem::Problem;
use runtime::store::people::idempotency::Keyed;
use runtime::store::people::tokens::Role;
use runtime::store::submissions::history::{Actor, By};
use serde_json::json;
use uuid::Uuid;

use crate::desk_browser::{Browser, Shown};
use crate::stage::{Entry, Stage, desk_of, until};

impl Stage {
    /// A person who screens in every contest, as a page knows them.
    async fn reviewer(&self, name: &str) -> Caller {
        let person = PersonId(Uuid::new_v4());
        self.execute(format!("insert into persons (id, name) values ('{}', '{name}')", person.0)).await;
        self.execute(format!("insert into person_roles (person, role) values ('{}', 'screener')", person.0)).await;
        let by = By::of(Actor::Screener, person, name.to_owned()).with_credential(CredentialId(Uuid::new_v4()));
        Caller { by, sees: Sees::All, roles: None, key: None }
    }

    /// Works that await review, the oldest first.
    async fn awaiting(&self, count: usize) -> Vec<Entry> {
        let mut entries = Vec::new();
        for _ in 0..count {
            let entry = self.enter().await;
            self.put(&entry, "awaiting_review").await;
            entries.push(entry);
        }
        entries
    }

    /// Keeps held decisions from taking effect while a test looks at them.
    async fn hold_on(&self) {
        self.execute("update held_decisions set due_at = due_at + interval '1 day'".into()).await;
    }

    /// Makes every held decision due.
    async fn time_passes(&self) {
        self.execute("update held_decisions set due_at = clock_timestamp() - interval '1 second'".into()).await;
    }

    async fn held_rows(&self) -> String {
        self.ask("select count(*)::text from held_decisions".into()).await
    }
}

fn id(entry: &Entry) -> SubmissionId {
    entry.id.parse().unwrap()
}

fn screening() -> &'static Queue {
    Queue::called("screening").unwrap()
}

fn accept() -> Wish {
    Wish { decision: Decision::Accept, words: None, phrase: None, lang: Lang::Zh, run: None }
}

fn refuse(words: Option<&str>, phrase: Option<&str>) -> Wish {
    let own = |text: Option<&str>| text.map(str::to_owned);
    Wish { decision: Decision::Refuse, words: own(words), phrase: own(phrase), lang: Lang::Zh, run: None }
}

fn code<T: std::fmt::Debug>(result: Result<T, Problem>) -> &'static str {
    result.unwrap_err().code.name()
}

async fn next(desk: &Desk, caller: &Caller) -> Option<SubmissionId> {
    claim::next(desk, caller, screening(), None).await.unwrap()
}

/// Carries out due decisions at all of these desks at once, until `done`.
async fn carried_out(desks: &[&Desk], done: impl AsyncFn() -> bool) {
    until("due decisions are carried out", async || {
        for attempt in join_all(desks.iter().map(|desk| decide::carry_out(desk))).await {
            attempt.unwrap();
        }
        done().await
    })
    .await;
}

/// The decision of this person that could not be carried out.
async fn failed(desk: &Desk, reviewer: &Caller) -> Decided {
    let look = async || queue::decisions(desk, reviewer).await.unwrap().into_iter().find(|it| it.failure.is_some());
    carried_out(&[desk], async || look().await.is_some()).await;
    look().await.unwrap()
}

#[tokio::test]
async fn two_reviewers_are_never_given_the_same_work() {
    let stage = Stage::new().await;
    let desk = desk_of(&stage.app);
    let mut works: Vec<_> = stage.awaiting(12).await.iter().map(id).collect();
    let reviewers = [stage.reviewer("甲").await, stage.reviewer("乙").await, stage.reviewer("丙").await];
    let review = async |caller: &Caller| {
        let mut given = Vec::new();
        while let Some(work) = next(&desk, caller).await {
            decide::decide(&desk, caller, work, accept()).await.unwrap();
            given.push(work);
        }
        given
    };
    let given = join_all(reviewers.iter().map(review)).await;
    // Each reviewer gets the oldest works first.
    assert!(given.iter().all(|of_one| of_one.is_sorted()), "{given:?}");
    let mut given: Vec<_> = given.into_iter().flatten().collect();
    given.sort();
    works.sort();
    assert_eq!(given, works);
}

#[tokio::test]
async fn a_card_is_claimed_for_ten_minutes_and_then_goes_to_the_next_reviewer() {
    let stage = Stage::new().await;
    let desk = desk_of(&stage.app);
    let (first, second) = (stage.reviewer("甲").await, stage.reviewer("乙").await);
    let work = id(&stage.awaiting(1).await[0]);
    assert_eq!(next(&desk, &first).await, Some(work));
    assert_eq!(next(&desk, &first).await, Some(work), "a page that is opened again");
    assert_eq!(next(&desk, &second).await, None);
    let Opened::Taken { by, .. } = claim::open(&desk, &second, work).await.unwrap() else { panic!("it is taken") };
    assert_eq!(by, "甲");
    assert_eq!(code(decide::decide(&desk, &second, work, accept()).await), "card_taken");
    let about_ten =
        "until > clock_timestamp() + interval '8 minutes' and until < clock_timestamp() + interval '10 minutes'";
    assert_eq!(stage.ask(format!("select ({about_ten})::text from review_claims")).await, "true");
    stage.execute("update review_claims set until = until - interval '10 minutes'".into()).await;
    assert_eq!(next(&desk, &second).await, Some(work));
    assert!(matches!(claim::open(&desk, &first, work).await.unwrap(), Opened::Taken { .. }));
    assert!(claim::give_back(&desk, &second, work).await.unwrap());
    assert!(matches!(claim::open(&desk, &first, work).await.unwrap(), Opened::Claimed(_)));
}

#[tokio::test]
async fn a_decision_can_be_undone_by_its_person_until_it_takes_effect() {
    let stage = Stage::new().await;
    let desk = desk_of(&stage.app);
    let (first, second) = (stage.reviewer("甲").await, stage.reviewer("乙").await);
    let entry = &stage.awaiting(1).await[0];
    let work = next(&desk, &first).await.unwrap();
    decide::decide(&desk, &first, work, accept()).await.unwrap();
    stage.hold_on().await;
    assert_eq!((next(&desk, &first).await, next(&desk, &second).await), (None, None));
    assert_eq!(code(decide::decide(&desk, &second, work, accept()).await), "decision_held");
    assert_eq!(code(decide::undo(&desk, &second, Some(work)).await), "nothing_to_undo");
    let [held] = &queue::decisions(&desk, &first).await.unwrap()[..] else { panic!("one decision is held") };
    assert!(held.accepted && held.failure.is_none());
    assert_eq!(decide::undo(&desk, &first, None).await.unwrap().value.id, work.0);
    assert_eq!((stage.held_rows().await, stage.state(entry).await), ("0".into(), "awaiting_review".into()));
    assert!(stage.trail(entry).await.is_empty());
    // The work is theirs again, not the next reviewer's.
    assert!(matches!(claim::open(&desk, &second, work).await.unwrap(), Opened::Taken { .. }));
    decide::decide(&desk, &first, work, accept()).await.unwrap();
    stage.time_passes().await;
    carried_out(&[&desk], async || stage.held_rows().await == "0").await;
    assert_eq!(code(decide::undo(&desk, &first, Some(work)).await), "nothing_to_undo");
}

#[tokio::test]
async fn a_due_decision_is_carried_out_once_in_the_name_of_its_person() {
    let stage = Stage::new().await;
    let desks = [desk_of(&stage.app), desk_of(&stage.app)];
    let reviewer = stage.reviewer("甲").await;
    let entries = stage.awaiting(5).await;
    for entry in &entries {
        decide::decide(&desks[0], &reviewer, id(entry), refuse(Some("画面不清"), Some("picture"))).await.unwrap();
    }
    stage.time_passes().await;
    // Besides these two, the running desk checks too.
    carried_out(&desks.each_ref(), async || stage.held_rows().await == "0").await;
    for entry in &entries {
        assert_eq!(stage.status(entry).await["rejection"]["code"], "review_refused");
        let [row] = &stage.trail(entry).await[..] else { panic!("one act, one row") };
        assert_eq!((row.actor.as_str(), row.name.as_str(), row.act.as_str()), ("screener", "甲", "review_refused"));
        assert_eq!(
            (row.person, row.credential),
            (reviewer.by.person.map(|id| id.0), reviewer.by.credential.map(|id| id.0))
        );
        assert_eq!(row.after["words"], "画面不清");
    }
}

#[tokio::test]
async fn a_held_decision_on_a_withdrawn_work_changes_nothing_and_reports_why() {
    let stage = Stage::new().await;
    let desk = desk_of(&stage.app);
    let reviewer = stage.reviewer("甲").await;
    let entry = &stage.awaiting(1).await[0];
    decide::decide(&desk, &reviewer, id(entry), accept()).await.unwrap();
    stage.hold_on().await;
    assert_eq!(stage.api(Method::DELETE, entry).send().await.unwrap().status(), 204);
    stage.time_passes().await;
    let decision = failed(&desk, &reviewer).await;
    let failure = decision.failure.unwrap();
    assert_eq!((failure.code.as_str(), decision.work.to_string()), ("state_wrong", entry.id.clone()));
    assert!(failure.zh.contains("已撤回") && failure.en.contains("withdrawn"), "{failure:?}");
    assert_eq!(stage.state(entry).await, "withdrawn");
    assert_eq!(decide::carry_out(&desk).await.unwrap(), 0, "it is not tried again");
    assert!(decide::dismiss(&desk, &reviewer, decision.id).await.unwrap().value);
    assert!(queue::decisions(&desk, &reviewer).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_decision_of_somebody_whose_role_was_taken_meanwhile_changes_nothing() {
    let stage = Stage::new().await;
    let desk = desk_of(&stage.app);
    let reviewer = stage.reviewer("甲").await;
    let entry = &stage.awaiting(1).await[0];
    decide::decide(&desk, &reviewer, id(entry), accept()).await.unwrap();
    stage.hold_on().await;
    let person = reviewer.by.person.expect("a person").0;
    stage.execute(format!("delete from person_roles where person = '{person}'")).await;
    stage.time_passes().await;
    assert_eq!(failed(&desk, &reviewer).await.failure.unwrap().code, "role_missing");
    assert_eq!(stage.state(entry).await, "awaiting_review");
    assert!(stage.trail(entry).await.is_empty());
}

#[tokio::test]
async fn a_decision_is_about_the_run_that_the_reviewer_saw() {
    let stage = Stage::new().await;
    let desk = desk_of(&stage.app);
    let reviewer = stage.reviewer("甲").await;
    let entry = &stage.awaiting(1).await[0];
    let about = |run| Wish { run: Some(run), ..accept() };
    assert_eq!(code(decide::decide(&desk, &reviewer, id(entry), about(2)).await), "changed");
    decide::decide(&desk, &reviewer, id(entry), about(1)).await.unwrap();
    stage.hold_on().await;
    // As if a new run had reached the review in the meantime.
    stage.execute("update held_decisions set run = run - 1".into()).await;
    stage.time_passes().await;
    assert_eq!(failed(&desk, &reviewer).await.failure.unwrap().code, "changed");
    assert_eq!(stage.state(entry).await, "awaiting_review");
}

#[tokio::test]
async fn a_note_is_shown_on_card_and_work_page_only_within_the_contest() {
    let stage = Stage::new().await;
    let entry = stage.enter().await;
    stage.put(&entry, "awaiting_review").await;
    let screener = Browser::of(&stage, Lang::Zh, &[Held::within(Role::Screener, "demo")]).await;
    let auditor = Browser::of(&stage, Lang::Zh, &[Held::everywhere(Role::Auditor)]).await;
    let (card, page) = (format!("/queue/twins/{}", entry.id), format!("/works/{}", entry.id));
    let note = format!("{page}/note");
    let key = Uuid::new_v4().to_string();
    let sent = [("note", "片尾 <字幕> 有错字"), ("queue", "twins"), ("key", key.as_str())];
    assert_eq!(screener.send(&note, &sent).await.leads_to(), format!("{card}#notes"));
    assert_eq!(screener.send(&note, &sent).await.leads_to(), format!("{card}#notes"), "sent twice, written once");
    for text in [screener.page(&card).await, screener.page(&page).await, auditor.page(&page).await] {
        assert!(text.contains("片尾 &#60;字幕&#62; 有错字"), "{text}");
    }
    assert!(!auditor.page(&page).await.contains("id=\"note\""));
    let rows = stage.trail(&entry).await;
    assert_eq!(rows.iter().filter(|row| row.act == "noted").count(), 1, "{rows:?}");
    assert_eq!(screener.send(&note, &[("note", " ")]).await.status, 422);
    let foreign = Browser::of(&stage, Lang::Zh, &[Held::within(Role::Screener, "small")]).await;
    assert_eq!(foreign.send(&note, &[("note", "x")]).await.status, 404);
}

#[tokio::test]
async fn a_form_from_the_browsers_history_does_not_hold_an_undone_decision_again() {
    let stage = Stage::new().await;
    let desk = desk_of(&stage.app);
    let entry = &stage.awaiting(1).await[0];
    let key = Keyed::new("session", &Uuid::new_v4().to_string(), "POST", "/queue/screening", b"accept");
    let reviewer = Caller { key: Some(key), ..stage.reviewer("甲").await };
    let first = decide::decide(&desk, &reviewer, id(entry), accept()).await.unwrap();
    stage.hold_on().await;
    let again = decide::decide(&desk, &reviewer, id(entry), accept()).await.unwrap();
    assert!(!first.repeated && again.repeated);
    decide::undo(&desk, &Caller { key: None, ..reviewer.clone() }, Some(id(entry))).await.unwrap();
    assert_eq!(code(decide::decide(&desk, &reviewer, id(entry), accept()).await), "changed");
    assert_eq!(stage.held_rows().await, "0");
}

#[tokio::test]
async fn what_a_reviewer_puts_aside_comes_last_for_them_and_in_its_place_for_others() {
    let stage = Stage::new().await;
    let desk = desk_of(&stage.app);
    let (first, second) = (stage.reviewer("甲").await, stage.reviewer("乙").await);
    let works: Vec<_> = stage.awaiting(2).await.iter().map(id).collect();
    assert_eq!(next(&desk, &first).await, Some(works[0]));
    decide::later(&desk, &first, works[0]).await.unwrap();
    let later = Queue::called("later").unwrap();
    let counts = async |caller: &Caller| -> Vec<u32> {
        queue::queues(&desk, caller).await.unwrap().iter().map(|line| line.count.value).collect()
    };
    assert_eq!((counts(&first).await, counts(&second).await), (vec![2, 0, 0, 1], vec![2, 0, 0, 0]));
    assert_eq!(queue::following(&desk, &first, later, works[1]).await.unwrap(), Some(works[0]));
    assert_eq!(next(&desk, &second).await, Some(works[0]));
    assert!(claim::give_back(&desk, &second, works[0]).await.unwrap());
    assert_eq!(next(&desk, &first).await, Some(works[1]));
    decide::decide(&desk, &first, works[1], accept()).await.unwrap();
    stage.hold_on().await;
    assert_eq!(next(&desk, &first).await, Some(works[0]), "the last one");
    decide::decide(&desk, &first, works[0], accept()).await.unwrap();
    stage.hold_on().await;
    assert_eq!(counts(&first).await, [0, 0, 0, 0]);
}

#[tokio::test]
async fn works_that_resemble_others_have_a_queue_of_their_own() {
    let stage = Stage::new().await;
    let desk = desk_of(&stage.app);
    let reviewer = stage.reviewer("甲").await;
    let entries = stage.awaiting(3).await;
    let verdict = json!({ "rules": [{ "rule": "duplicate", "outcome": "warn", "measured": "", "limit": "", "curable": false,
        "zh": "相似", "en": "alike" }] });
    stage.execute(format!("update submissions set verdict = '{verdict}' where id = '{}'", entries[1].id)).await;
    let twins = Queue::called("twins").unwrap();
    assert_eq!(claim::next(&desk, &reviewer, twins, None).await.unwrap(), Some(id(&entries[1])));
    // Skipping a work claims the next one; after the last work, the first one comes again.
    assert_eq!(next(&desk, &reviewer).await, Some(id(&entries[0])));
    for (after, then) in [(0, 1), (1, 2), (2, 0)] {
        let next = claim::next(&desk, &reviewer, screening(), Some(id(&entries[after]))).await.unwrap();
        assert_eq!(next, Some(id(&entries[then])));
    }
    // A reviewer of one contest is not given another contest's works.
    let small = Caller { sees: Some("small".into()).into(), ..stage.reviewer("乙").await };
    assert_eq!(next(&desk, &small).await, None);
    assert_eq!(code(decide::decide(&desk, &small, id(&entries[0]), accept()).await), "submission_unknown");
}

#[tokio::test]
async fn works_with_a_warning_have_a_queue_of_their_own() {
    let stage = Stage::new().await;
    let desk = desk_of(&stage.app);
    let reviewer = stage.reviewer("甲").await;
    let entries = stage.awaiting(4).await;
    let rule = |rule: &str, outcome: &str| json!({ "rule": rule, "outcome": outcome, "measured": "", "limit": "", "curable": false, "zh": "黑场", "en": "black" });
    for (entry, rules) in [
        (&entries[0], vec![rule("black", "pass")]),
        (&entries[1], vec![rule("format", "pass"), rule("black", "warn")]),
        (&entries[2], vec![rule("duplicate", "warn")]),
    ] {
        let verdict = json!({ "rules": rules });
        stage.execute(format!("update submissions set verdict = '{verdict}' where id = '{}'", entry.id)).await;
    }
    let warnings = Queue::called("warnings").unwrap();
    let after = async |after: Option<&Entry>| claim::next(&desk, &reviewer, warnings, after.map(id)).await.unwrap();
    assert_eq!(after(None).await, Some(id(&entries[1])));
    assert_eq!(after(Some(&entries[1])).await, Some(id(&entries[2])));
    assert_eq!(after(Some(&entries[2])).await, Some(id(&entries[1])), "after the last one it begins again");
    let counts: Vec<_> = queue::queues(&desk, &reviewer).await.unwrap();
    let counts: Vec<_> = counts.iter().map(|line| (line.queue.name, line.count.value)).collect();
    assert_eq!(counts, [("screening", 4), ("warnings", 2), ("twins", 1), ("later", 0)]);
}

#[tokio::test]
async fn a_phrase_stands_for_words_and_words_can_change_it() {
    let stage = Stage::new().await;
    let desk = desk_of(&stage.app);
    let reviewer = stage.reviewer("甲").await;
    let entries = stage.awaiting(2).await;
    let work = id(&entries[0]);
    let phrase = desk.catalogue.phrase("rights").unwrap();
    for wrong in [refuse(None, None), refuse(Some("x"), Some("nonsense")), Wish { words: Some("x".into()), ..accept() }]
    {
        assert_eq!(code(decide::decide(&desk, &reviewer, work, wrong).await), "field_wrong");
    }
    decide::decide(&desk, &reviewer, work, refuse(Some(" "), Some("rights"))).await.unwrap();
    let own = refuse(Some("请补充音乐授权。"), Some("rights"));
    decide::decide(&desk, &reviewer, id(&entries[1]), own).await.unwrap();
    stage.hold_on().await;
    let held = queue::decisions(&desk, &reviewer).await.unwrap();
    let words: Vec<_> = held.iter().map(|it| it.words.as_deref().unwrap()).collect();
    assert_eq!(words, ["请补充音乐授权。", phrase.zh.as_str()]);
    assert_eq!(stage.ask("select string_agg(distinct phrase, ',') from held_decisions".into()).await, "rights");
}

#[tokio::test]
async fn a_reviewer_decides_by_plain_forms_and_each_leads_to_the_next_card() {
    let stage = Stage::new().await;
    let works = stage.awaiting(2).await;
    let cards: Vec<_> = works.iter().map(|it| format!("/queue/screening/{}", it.id)).collect();
    let browser = Browser::within(&stage, Role::Screener, "demo").await;
    let begin = async || browser.open("/queue/screening").await.leads_to();
    assert_eq!(begin().await, cards[0]);
    let page = browser.page(&cards[0]).await;
    for shown in ["一座工厂的早晨", "某省工信厅", "数智赋能", "字幕", "value=\"accept\""] {
        assert!(page.contains(shown), "{shown}: {page}");
    }
    assert!(
        page.contains(&format!("/works/{}/preview/storyboard.jpg", works[1].id)),
        "the next one is fetched: {page}"
    );
    assert!(!page.contains("style=") && !page.contains("onclick"), "{page}");

    let decide = async |card: &str, fields: &[(&str, &str)]| browser.send(&format!("{card}/decide"), fields).await;
    let wrong = decide(&cards[0], &[("choice", "refuse")]).await;
    assert!(wrong.status == 422 && wrong.text.contains("field_wrong"), "{wrong:?}");
    let key = Uuid::new_v4().to_string();
    let refuse = [("choice", "refuse"), ("phrase", "rights"), ("words", "请补充音乐授权。"), ("key", key.as_str())];
    // A form that is sent twice is done once.
    for _ in 0..2 {
        assert_eq!(decide(&cards[0], &refuse).await.leads_to(), cards[1]);
        stage.hold_on().await;
    }
    assert_eq!(stage.held_rows().await, "1");
    let page = browser.page(&cards[1]).await;
    assert!(page.contains("action=\"/queue/undo\"") && page.contains(&works[0].id), "{page}");
    assert_eq!(decide(&cards[1], &[("choice", "later")]).await.leads_to(), cards[1], "no other one waits");
    let undo = [("queue", "screening"), ("work", works[0].id.as_str())];
    assert_eq!(browser.send("/queue/undo", &undo).await.leads_to(), cards[0]);
    let late = browser.send("/queue/undo", &undo).await;
    assert!(late.status == 409 && late.text.contains("nothing_to_undo"), "{late:?}");
    // Skipping a card releases its work.
    let pass = format!("/queue/screening?after={}", works[0].id);
    assert_eq!(browser.open(&pass).await.leads_to(), cards[1]);
    assert_eq!(
        stage.ask(format!("select count(*)::text from review_claims where submission = '{}'", works[0].id)).await,
        "0"
    );
    assert_eq!(browser.open("/queue/nonsense").await.status, 404);
}

#[tokio::test]
async fn a_card_that_another_reviewer_has_open_names_them_and_offers_the_next_one() {
    let stage = Stage::new().await;
    let desk = desk_of(&stage.app);
    let works = stage.awaiting(1).await;
    let other = stage.reviewer("王审查").await;
    assert!(matches!(claim::open(&desk, &other, id(&works[0])).await.unwrap(), Opened::Claimed(_)));
    let browser = Browser::within(&stage, Role::Screener, "demo").await;
    let Shown { status, text: page, .. } = browser.open(&format!("/queue/screening/{}", works[0].id)).await;
    assert!(status == 200 && page.contains("王审查") && !page.contains("id=\"decide\""), "{status}: {page}");
    assert!(page.contains(&format!("/queue/screening?after={}", works[0].id)), "{page}");
    let Shown { status, text: page, .. } = browser.open("/queue/screening").await;
    assert!(status == 200 && page.contains("/queue/later") && page.contains("/queue/twins"), "{status}: {page}");
    let forced = browser.send(&format!("/queue/screening/{}/decide", works[0].id), &[("choice", "accept")]).await;
    assert!(forced.status == 409 && forced.text.contains("card_taken"), "{forced:?}");
}

#[tokio::test]
async fn a_session_plays_any_part_of_the_film_and_a_stranger_none() {
    let stage = Stage::new().await;
    let entry = stage.enter().await;
    let film = stage.preview(&entry).await;
    let path = format!("/works/{}/preview/proxy.mp4", entry.id);
    let screener = Browser::within(&stage, Role::Screener, "demo").await;
    let part = screener.get(&path).header("range", "bytes=1000-1999").send().await.unwrap();
    assert_eq!((part.status().as_u16(), &part.headers()["content-type"]), (206, &"video/mp4".parse().unwrap()));
    assert_eq!(part.headers()["cache-control"], "private, max-age=600");
    assert_eq!(part.bytes().await.unwrap(), film[1000..2000]);
    assert_eq!(screener.open(&format!("/works/{}/preview/nonsense", entry.id)).await.status, 404);
    let stranger = Browser::within(&stage, Role::Screener, "industry-power-2024").await;
    assert_eq!(stranger.open(&path).await.status, 404);
}
