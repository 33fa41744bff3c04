//! A person who holds roles in several contests, but not in all, sees these together, or one of them, and nothing of
//! any other.
use pipeline::lang::Lang;
use pipeline::person::Held;
use runtime::store::people::tokens::Role;
use serde_json::json;

use crate::desk_acts::{finished, ok};
use crate::desk_browser::Browser;
use crate::desk_deliveries::{handed, plant};
use crate::stage::{Entry, Stage};

/// A contest of the catalogue in which no person of these tests holds a role.
const FOREIGN: &str = "industry-power-2024";

/// A work of each of the two contests, and one of another.
async fn three(stage: &Stage) -> [Entry; 3] {
    let works =
        [stage.enter_into("demo", "digital").await, stage.enter_into("small", "digital").await, stage.enter().await];
    stage.execute(format!("update submissions set contest = '{FOREIGN}' where id = '{}'", works[2].id)).await;
    works
}

/// The browser of a person with this role in both contests.
async fn of_both(stage: &Stage, role: Role) -> Browser {
    Browser::of(stage, Lang::En, &[Held::within(role, "demo"), Held::within(role, "small")]).await
}

/// The page shows the works of both contests, or those of one if it is requested, and refuses any other contest.
async fn shows(browser: &Browser, path: &str, works: &[Entry; 3]) {
    let joint = if path.contains('?') { '&' } else { '?' };
    for (contest, expected) in
        [("", [true, true, false]), ("demo", [true, false, false]), ("small", [false, true, false])]
    {
        let page = browser.page(&format!("{path}{joint}contest={contest}")).await;
        assert_eq!(works.each_ref().map(|work| page.contains(&work.id)), expected, "{path} {contest}: {page}");
    }
    let foreign = browser.open(&format!("{path}{joint}contest={FOREIGN}")).await;
    assert!(foreign.status == 403 && foreign.text.contains("contest_foreign"), "{path}: {foreign:?}");
}

#[tokio::test]
async fn lists_files_board_and_trouble_show_all_contests_that_a_person_may_see() {
    let stage = Stage::new().await;
    let works = three(&stage).await;
    for work in &works {
        plant(&stage, work, "douyin", &[handed()]).await;
    }
    // One role in the first contest and another role in the second.
    let mixed = [Held::within(Role::Screener, "demo"), Held::within(Role::Operator, "small")];
    let mixed = Browser::of(&stage, Lang::En, &mixed).await;
    for browser in [&of_both(&stage, Role::Organiser).await, &mixed] {
        for path in ["/works", "/works.csv", "/deliveries", "/trouble"] {
            shows(browser, path, &works).await;
        }
        for (work, status) in [(&works[0], 200), (&works[1], 200), (&works[2], 404)] {
            for path in ["", "/deliveries/douyin"] {
                assert_eq!(browser.open(&format!("/works/{}{path}", work.id)).await.status, status, "{path}");
            }
        }
    }
    let one = Browser::within(&stage, Role::Organiser, "small").await;
    let page = one.page("/works").await;
    assert_eq!(works.each_ref().map(|work| page.contains(&work.id)), [false, true, false]);
}

#[tokio::test]
async fn the_first_page_and_the_trail_are_of_all_contests_that_a_person_may_see() {
    let stage = Stage::new().await;
    let works = three(&stage).await;
    let organiser = stage.token(Role::Organiser, None).await;
    for work in &works {
        stage.put(work, "awaiting_review").await;
        ok(stage.act(&organiser, work, "hold", &json!({ "held": true, "reason": "x" }))).await;
    }
    shows(&of_both(&stage, Role::Auditor).await, "/audit?act=held", &works).await;
    let home = of_both(&stage, Role::Screener).await.page("/").await;
    for contest in ["demo", "small", FOREIGN] {
        let waits = format!("/works?state=awaiting_review&contest={contest}\"><span class=\"big\">1</span>");
        assert_eq!(home.contains(&waits), contest != FOREIGN, "{contest}: {home}");
    }
}

#[tokio::test]
async fn a_reviewer_of_several_contests_is_given_the_works_of_all_of_them_or_of_one() {
    let stage = Stage::new().await;
    let works = three(&stage).await;
    for work in &works {
        stage.put(work, "awaiting_review").await;
    }
    let card = |work: &Entry, contest: &str| format!("/queue/screening/{}{contest}", work.id);
    let reviewer = of_both(&stage, Role::Screener).await;
    assert_eq!(reviewer.open("/queue/screening").await.leads_to(), card(&works[0], ""));
    let after = format!("/queue/screening?after={}", works[0].id);
    assert_eq!(reviewer.open(&after).await.leads_to(), card(&works[1], ""));
    assert!(reviewer.page(&card(&works[1], "")).await.contains(&format!("/queue/screening/{}/decide", works[1].id)));
    assert_eq!(reviewer.open(&card(&works[2], "")).await.status, 404);
    // The requested contest is kept from card to card.
    let small = "?contest=small";
    assert_eq!(reviewer.open(&format!("/queue/screening{small}")).await.leads_to(), card(&works[1], small));
    assert!(reviewer.page(&card(&works[1], small)).await.contains(&format!("/decide{small}")));
    let decide = format!("/queue/screening/{}/decide{small}", works[1].id);
    assert_eq!(reviewer.send(&decide, &[("choice", "accept")]).await.leads_to(), format!("/queue/screening{small}"));
    let empty = reviewer.page(&format!("/queue/screening{small}")).await;
    assert!(empty.contains("href=\"/queue/screening\"") && empty.contains("?contest=demo") && !empty.contains(FOREIGN));
    let other = format!("/queue/screening/{}/decide{small}", works[0].id);
    assert_eq!(reviewer.send(&other, &[("choice", "accept")]).await.status, 404, "a work of the other contest");
    let foreign = reviewer.open(&format!("/queue/screening?contest={FOREIGN}")).await;
    assert!(foreign.status == 403 && foreign.text.contains("contest_foreign"), "{foreign:?}");
    // A person who screens in all contests can also look at one of them.
    let everywhere = Browser::everywhere(&stage, Role::Screener).await;
    let other = format!("?contest={FOREIGN}");
    assert_eq!(everywhere.open(&format!("/queue/screening{other}")).await.leads_to(), card(&works[2], &other));
    let decide = format!("/queue/screening/{}/decide{other}", works[2].id);
    assert_eq!(everywhere.send(&decide, &[("choice", "accept")]).await.leads_to(), format!("/queue/screening{other}"));
}

#[tokio::test]
async fn one_job_takes_works_of_several_contests_and_is_visible_to_those_who_see_them() {
    let stage = Stage::new().await;
    let works = [finished(&stage).await, finished(&stage).await, finished(&stage).await];
    for (work, contest) in works.iter().zip(["demo", "small", FOREIGN]) {
        stage.execute(format!("update submissions set contest = '{contest}' where id = '{}'", work.id)).await;
    }
    let (both, small) =
        (of_both(&stage, Role::Organiser).await, Browser::within(&stage, Role::Organiser, "small").await);
    let wish = "where=state%3Dawaiting_release&kind=release&partners=douyin";
    let look = both.send_body("/bulk/look", wish).await;
    assert!(look.status == 200, "{look:?}");
    let begin = format!("{wish}&digest={}&key={}", look.hidden("digest"), look.hidden("key"));
    let job = both.send_body("/bulk", &begin).await.leads_to();
    let page = both.page(&job).await;
    assert_eq!(works.each_ref().map(|work| page.contains(&work.id)), [true, true, false]);
    assert!(both.page("/jobs").await.contains(&job));
    // It contains works that this organiser may not see.
    assert_eq!(small.open(&job).await.status, 404);
    assert!(!small.page("/jobs").await.contains(&job));
    assert_eq!(small.send_body(&format!("{job}/order"), "order=pause").await.status, 404);
    assert_eq!(both.send_body(&format!("{job}/order"), "order=pause").await.leads_to(), job);
    let by_name = |work: &Entry| format!("works={}&kind=release", work.id);
    let foreign = both.send_body("/bulk/look", &by_name(&works[2])).await;
    assert!(foreign.status == 404 && foreign.text.contains("submission_unknown"), "{foreign:?}");
    let foreign = both.send_body("/bulk/look", &format!("where=contest%3D{FOREIGN}&kind=release")).await;
    assert!(foreign.status == 403 && foreign.text.contains("contest_foreign"), "{foreign:?}");
}

#[tokio::test]
async fn an_admin_of_several_contests_manages_the_people_of_each() {
    let stage = Stage::new().await;
    let admin = of_both(&stage, Role::Admin).await;
    let [of_demo, of_small, foreign] = ["demo", "small", FOREIGN].map(|contest| Held::within(Role::Screener, contest));
    let people = [stage.member(&[of_demo]).await, stage.member(&[of_small]).await, stage.member(&[foreign]).await];
    let path = |n: usize| format!("/people/{}", people[n].0);
    for (contest, expected) in
        [("", [true, true, false]), ("demo", [true, false, false]), ("small", [false, true, false])]
    {
        let page = admin.page(&format!("/people?contest={contest}")).await;
        assert_eq!([0, 1, 2].map(|n| page.contains(&path(n))), expected, "{contest}: {page}");
        // The form for adding a person offers both contests, whichever is shown.
        for (role, there) in
            [("screener@demo", true), ("screener@small", true), ("screener@industry-power-2024", false)]
        {
            assert_eq!(page.contains(&format!("value=\"{role}\"")), there, "{contest} {role}");
        }
    }
    assert_eq!(admin.open(&format!("/people?contest={FOREIGN}")).await.status, 403);
    for (n, role) in [(0, "auditor@small"), (1, "auditor@demo")] {
        admin.send(&format!("{}/roles", path(n)), &[("roles", role)]).await.leads_to();
        assert!(admin.page(&path(n)).await.contains(&format!("value=\"{role}\"")));
    }
    let everywhere = Browser::everywhere(&stage, Role::Admin).await;
    let page = everywhere.page(&format!("/people?contest={FOREIGN}")).await;
    assert_eq!([0, 1, 2].map(|n| page.contains(&path(n))), [false, false, true], "{page}");
    let beyond = admin.send(&format!("{}/roles", path(0)), &[("roles", "auditor@industry-power-2024")]).await;
    assert!(beyond.status == 403 && beyond.text.contains("role_beyond"), "{beyond:?}");
    assert_eq!(admin.open(&path(2)).await.status, 404);
    for (act, form) in
        [("end", ("reason", "x")), ("roles", ("roles", "auditor@demo")), ("sessions/end", ("session", ""))]
    {
        let refused = admin.send(&format!("{}/{act}", path(2)), &[form]).await;
        assert_eq!(refused.status, 404, "{act}: {refused:?}");
    }
    assert_eq!(admin.send(&format!("{}/end", path(1)), &[("reason", "离职")]).await.status, 303);
}

#[tokio::test]
async fn a_person_is_only_read_by_those_who_audit_one_contest_and_are_admin_of_another() {
    let stage = Stage::new().await;
    let roles = [Held::within(Role::Admin, "demo"), Held::within(Role::Auditor, "small")];
    let reader = Browser::of(&stage, Lang::En, &roles).await;
    let [demo, small] = ["demo", "small"].map(|contest| [Held::within(Role::Operator, contest)]);
    let (demo, small) = (stage.member(&demo).await.0, stage.member(&small).await.0);
    for (person, changes) in [(demo, true), (small, false)] {
        let page = reader.page(&format!("/people/{person}")).await;
        assert_eq!(page.contains(&format!("action=\"/people/{person}/end\"")), changes, "{page}");
    }
    assert_eq!(reader.send(&format!("/people/{small}/end"), &[("reason", "x")]).await.status, 404);
}
