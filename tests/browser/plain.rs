//! Every act through plain pages, in a browser without scripts: each is a form, and each leaves its row in the audit
//! trail.
use pipeline::delivery::DeliveryEvent;
use uuid::Uuid;

use crate::desk::made::stand;
use crate::support::browser::person::Person;
use crate::support::browser::{PATIENCE, Scripts};
use crate::support::catalogue::{BAG, DROP};
use crate::support::planted;
use crate::support::wait::comes_true;

use super::look::is_of;
use super::{DOUYIN, ROLES, Stage};
use steps::{Step, about, by_hand, in_bulk, on_one_work, orders, own, reviewing};

mod steps;

/// Forms that other tests send, or that change nothing.
const ELSEWHERE: [&str; 3] = ["/sign-in", "/sign-in/code", "/bulk/look"];

impl Stage {
    /// Does the step. Returns what is wrong: a problem shown by the page, or a missing row in the audit trail.
    async fn does(&self, step: &Step) -> Option<String> {
        let rows = async || self.pipeline.truth.count("select count(*) from audit").await;
        let before = rows().await;
        self.browser.open(&step.page).await;
        if let Some(summary) = step.unfolds {
            self.browser.click(summary).await;
        }
        for (field, text) in &step.fills {
            self.browser.fill(field, text).await;
        }
        for click in &step.clicks {
            self.browser.click(click).await;
        }
        // Without scripts, the driver does not wait for the page that a click opens.
        let (mut written, mut problem) = (false, false);
        comes_true(PATIENCE, async || {
            written = rows().await > before;
            problem = self.browser.count(".problem code").await > 0;
            written || problem
        })
        .await;
        match (written, problem) {
            (true, _) => None,
            (_, true) => Some(format!("{}: {}", step.form, self.browser.text(".problem").await)),
            _ => Some(format!("{}: no row in the audit trail", step.form)),
        }
    }

    /// Sets when held decisions take effect: this SQL interval from now.
    async fn due(&self, after: &str) {
        let set = format!("update held_decisions set due_at = clock_timestamp() + {after}");
        let set = sqlx::query(sqlx::AssertSqlSafe(set));
        set.execute(self.pipeline.truth.pool()).await.expect("set when decisions are due");
    }

    /// A released work whose delivery to a partner is in the state that these events lead to.
    async fn delivering(&self, title: &str, partner: &str, events: &[DeliveryEvent]) -> Uuid {
        let id = planted::work(&self.pipeline, title, &[DROP, BAG, DOUYIN]).await;
        self.pipeline.command(&["release", &id.to_string()]).await.exits(0);
        stand(&self.pipeline, id, partner, events).await;
        id
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_act_is_done_by_forms_alone_where_no_script_runs() {
    let Some(stage) = Stage::with(Scripts::Off, &["desk", "upload"]).await else { return };
    // The sign-in, first.
    let person = Person::new(&stage.pipeline, "王审", &ROLES).await;
    let link = person.link(&stage.pipeline).await;
    let phone = person.accepts(&stage.browser, &link).await;
    let other = Person::new(&stage.pipeline, "旧同事", &["screener"]).await;
    // A session that the admin ends.
    let _ = other.session(&stage.pipeline).await;
    let mut steps = on_one_work(&stage).await;
    steps.extend(by_hand(&stage).await);
    steps.extend(in_bulk(&stage).await);
    let (mut wrong, mut done) = (Vec::new(), reviewing(&stage).await);
    done.extend([link.clone(), format!("{link}/code")]);
    for step in &steps {
        wrong.extend(stage.does(step).await);
    }
    let mut more = orders(&stage).await;
    more.extend(about(&other));
    more.extend(own(&stage, &person, &phone).await);
    for step in &more {
        wrong.extend(stage.does(step).await);
    }
    let recommenders = "select count(*) from person_roles where role = 'recommender' and unit is not null";
    assert_eq!(stage.pipeline.truth.count(recommenders).await, 1, "a unit's person was added by the form");
    person.signed_in(&stage.pipeline, &stage.browser).await;
    let all = Step::new("/me/sessions/end", "/me", &[], "form[action='/me/sessions/end'] button");
    wrong.extend(stage.does(&all).await);
    more.push(all);
    done.extend(steps.iter().chain(&more).map(|step| step.form.clone()));
    for route in ::desk::list().iter().filter(|it| !it.is_api() && it.method == "POST") {
        let known = ELSEWHERE.contains(&route.path) || done.iter().any(|form| is_of(form, route.path));
        if !known {
            wrong.push(format!("{} was not tried", route.path));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    stage.close();
}
