//! The forms that do each act, in the order in which their states come.
use pipeline::delivery::{DeliveryEvent, IntentId, RecallBy};
use uuid::Uuid;

use super::super::twins::twin_of;
use super::super::{DOUYIN, Stage};
use crate::support::browser::PATIENCE;
use crate::support::browser::person::{PASSWORD, Person, Phone};
use crate::support::catalogue::{BAG, CONTEST, DROP, UNIT};
use crate::support::wait::wait_until_true;
use crate::support::{Entrant, planted, reviewed};

/// One act: the page it begins on, the fields filled in there, and what is clicked.
pub(super) struct Step {
    /// The form's address.
    pub(super) form: String,
    pub(super) page: String,
    /// The summary to unfold first.
    pub(super) unfolds: Option<&'static str>,
    pub(super) fills: Vec<(&'static str, String)>,
    pub(super) clicks: Vec<String>,
}

impl Step {
    /// A form on the page `page` that is sent by the button `click`.
    pub(super) fn new(form: &str, page: &str, fills: &[(&'static str, &'static str)], click: &str) -> Self {
        let clicks = vec![click.to_owned()];
        let fills = fills.iter().map(|(field, text)| (*field, (*text).to_owned())).collect();
        Self { form: form.to_owned(), page: page.to_owned(), unfolds: None, fills, clicks }
    }

    /// An act on one work that is previewed before it is confirmed.
    pub(super) fn looked_at(work: Uuid, act: &str, fills: &[(&'static str, &'static str)]) -> Self {
        let path = format!("/works/{work}/{act}");
        let step = Self::new(&path, &path, fills, "#form button");
        step.then("section form.act button")
    }

    pub(super) fn then(mut self, click: &str) -> Self {
        self.clicks.push(click.to_owned());
        self
    }

    /// A form that is folded away.
    pub(super) fn unfolded(self, summary: &'static str) -> Self {
        Self { unfolds: Some(summary), ..self }
    }
}

/// A reviewer's acts at the queue, where decisions are held first. Returns the addresses of its forms.
pub(super) async fn reviewing(stage: &Stage) -> Vec<String> {
    let browser = &stage.browser;
    let mut works = Vec::new();
    for title in ["通过", "不通过", "稍后", "改判"] {
        works.push(reviewed::work(&stage.pipeline, title, &[DROP, BAG]).await);
    }
    let twin = reviewed::twin(&stage.pipeline, "改过的片名", &[DROP, BAG], vec![twin_of(works[0])]).await;
    let beside = format!("/works/{twin}/beside/{}", works[0]);
    let held = async || stage.pipeline.truth.count("select count(*) from held_decisions where failed_at is null").await;
    let card = |work: Uuid| format!("/queue/screening/{work}");
    let choose = async |work: Uuid, choice: &str| {
        browser.open(&card(work)).await;
        browser.click(&format!("#decide button[value={choice}]")).await;
    };
    let holds = async |count: i64| {
        wait_until_true(&format!("{count} decisions are held"), PATIENCE, async || held().await == count).await;
    };
    choose(works[0], "accept").await;
    holds(1).await;
    browser.click("form[action='/queue/undo'] button").await;
    holds(0).await;
    choose(works[2], "later").await;
    let aside = "select count(*) from review_later";
    wait_until_true("it is put aside", PATIENCE, async || stage.pipeline.truth.count(aside).await == 1).await;
    // A decision that another reviewer made meanwhile stands, and the page says so.
    choose(works[3], "accept").await;
    holds(1).await;
    // The act is not carried out before the other reviewer has decided, however long that takes.
    stage.due("interval '1 hour'").await;
    stage.pipeline.command(&["review", "reject", &works[3].to_string(), "--reason", "画面"]).await.exits(0);
    stage.due("interval '0'").await;
    browser.open(&card(works[1])).await;
    browser.fill("#words", "不是工业题材。").await;
    browser.click("#refuse").await;
    let refused = "select count(*) from held_decisions where decision = 'refuse'";
    wait_until_true("the refusal is held", PATIENCE, async || stage.pipeline.truth.count(refused).await == 1).await;
    browser.open(&beside).await;
    browser.click("button[name=finding][value=same]").await;
    stage.comes_to(works[1], "rejected").await;
    stage.comes_to(twin, "rejected").await;
    wait_until_true("the other decision has failed", PATIENCE, async || held().await == 0).await;
    browser.open("/queue/screening").await;
    browser.click("form[action='/queue/dismiss'] button").await;
    let any = "select count(*) from held_decisions";
    wait_until_true("it was read", PATIENCE, async || stage.pipeline.truth.count(any).await == 0).await;
    let forms = ["/queue/undo".to_owned(), "/queue/dismiss".to_owned()];
    forms.into_iter().chain([format!("{}/decide", card(works[0])), beside]).collect()
}

/// Acts of organisers and operators on one work.
pub(super) async fn on_one_work(stage: &Stage) -> Vec<Step> {
    let work = async |title: &str| planted::work(&stage.pipeline, title, &[DROP, BAG]).await;
    let (released, again, gone) = (work("一度电的旅程").await, work("零件的一生").await, work("夜班").await);
    let parked = stage.delivering("停下的作品", BAG, &[]).await;
    let park = "update parts set status = 'parked', attempt = 5, last_error = 'a test' where submission = $1 and stage = 'publish'";
    sqlx::query(park).bind(parked).execute(stage.pipeline.truth.pool()).await.expect("park the parts");
    let cured = reviewed::work(&stage.pipeline, "补正的作品", &[DROP, BAG]).await;
    let api = stage.service.api_address().expect("the public API");
    let entered = Entrant::at(&api).enter(&Entrant::form("待传")).await.id;
    let texts = format!("/works/{released}/deliveries/{BAG}");
    let hold = format!("/works/{released}/hold");
    let reason = ("input[name=reason]:not([type=hidden])", "测试");
    let entered = format!("/works/{entered}");
    let why = [("form[action$='/contact'] input[name=reason]", "核对联系方式")];
    let contact = Step::new(&format!("{entered}/contact"), &entered, &why, "form[action$='/contact'] button");
    let page = format!("/works/{again}");
    let text = [("#note", "片尾字幕有错字，请报送人更正后再送。")];
    let note = Step::new(&format!("{page}/note"), &page, &text, "form[action$='/note'] button");
    vec![
        note.unfolded("details:has(form[action$='/note']) summary"),
        Step::looked_at(released, "release", &[]),
        Step::new(&hold, &hold, &[reason], "#form button"),
        Step::new(&hold, &hold, &[], "#form button").then("section form.act button"),
        Step::new(
            &format!("{texts}/texts"),
            &texts,
            &[("input[name=title]", "灯塔工厂的早晨")],
            "form[action$='/texts'] button.primary",
        ),
        // Without an end date the form closes a window; this is accepted even if none is open.
        Step::looked_at(cured, "cure", &[reason]),
        Step::looked_at(released, "recall", &[reason]),
        Step::looked_at(again, "reprocess", &[]),
        Step::looked_at(gone, "withdraw", &[]),
        Step::looked_at(parked, "retry", &[]),
        contact.unfolded("details:has(form[action$='/contact']) summary"),
    ]
}

/// What people do for deliveries by hand.
pub(super) async fn by_hand(stage: &Stage) -> Vec<Step> {
    let handed = || DeliveryEvent::HandedToOperator { intent: IntentId(Uuid::now_v7()) };
    let taken_back =
        || vec![handed(), DeliveryEvent::Unwanted, DeliveryEvent::RecallStarted { by: RecallBy::Operator }];
    let delivered = stage.delivering("车间里的二十四小时", BAG, &[handed()]).await;
    let recalled = stage.delivering("下架的作品", BAG, &taken_back()).await;
    let confirmed = stage.delivering("待确认的作品", DOUYIN, &[handed()]).await;
    let step = |work: Uuid, partner: &str, act: &str, fills: &[(&'static str, &'static str)]| {
        let page = format!("/works/{work}/deliveries/{partner}");
        Step::new(&format!("{page}/{act}"), &page, fills, &format!("form[action$='/{act}'] button"))
    };
    let online = [("form[action$='/delivered'] input[name=url]", "https://example.com/video/24")];
    let gone = [("form[action$='/recalled'] input[name=url]", "https://example.com/video/24")];
    vec![
        step(delivered, BAG, "delivered", &online),
        step(recalled, BAG, "recalled", &gone),
        step(confirmed, DOUYIN, "confirm", &[]),
    ]
}

/// An act on many works at once, which makes a job.
pub(super) async fn in_bulk(stage: &Stage) -> Vec<Step> {
    let works = [
        planted::work(&stage.pipeline, "一", &[DROP, BAG]).await,
        planted::work(&stage.pipeline, "二", &[DROP, BAG]).await,
    ];
    let page = format!("/bulk/new?works={}&works={}", works[0], works[1]);
    let start = Step::new("/bulk", &page, &[], "input[name=kind][value=reprocess]");
    vec![start.then("form[action='/bulk/look'] button").then("form[action='/bulk'] button")]
}

/// Orders to the only job.
pub(super) async fn orders(stage: &Stage) -> Vec<Step> {
    let job = sqlx::query_scalar::<_, Uuid>("select id from bulk_jobs").fetch_one(stage.pipeline.truth.pool());
    let page = format!("/jobs/{}", job.await.expect("a job"));
    let order =
        |order: &str| Step::new(&format!("{page}/order"), &page, &[], &format!("button[name=order][value={order}]"));
    vec![order("pause"), order("resume"), order("cancel")]
}

/// Acts of admins on another person.
pub(super) fn about(person: &Person) -> Vec<Step> {
    let page = format!("/people/{}", person.id);
    let new = [("input[name=name]", "新同事"), ("input[name=login]", "xin.tongshi")];
    let add = Step::new("/people", "/people", &new, "input[name=roles][value=screener]");
    let roles = Step::new(&format!("{page}/roles"), &page, &[], "input[name=roles][value=organiser]");
    let why = [("form[action$='/end'] input[name=reason]", "离职")];
    let end = Step::new(&format!("{page}/end"), &page, &why, "details form[action$='/end'] button");
    let sessions =
        Step::new(&format!("{page}/sessions/end"), &page, &[], "form[action$='/sessions/end'] button.danger");
    let unit = [("input[name=name]", "李经办"), ("input[name=login]", "li.jingban")];
    let recommender = format!("input[name=roles][value='recommender@{CONTEST}/{UNIT}']");
    let recommender = Step::new("/people", "/people", &unit, &recommender);
    vec![
        add.then("form[action='/people'] button"),
        recommender.unfolded("form[action='/people'] details summary").then("form[action='/people'] button"),
        roles.then("form[action$='/roles'] button"),
        Step::new(&format!("{page}/invite"), &page, &[], "form[action$='/invite'] button[value=false]"),
        sessions,
        end.unfolded("details:has(form[action$='/end']) summary"),
    ]
}

/// Acts on one's own account, of which the last one ends the session.
pub(super) async fn own(stage: &Stage, person: &Person, phone: &Phone) -> Vec<Step> {
    // A second session, which is ended from here.
    let _ = person.session(&stage.pipeline).await;
    let new = "louder green gearbox 18";
    let password = [("input[name=current]", PASSWORD), ("input[name=new]", new), ("input[name=again]", new)];
    let mut codes = Step::new("/me/recovery-codes", "/me", &[], "form[action='/me/recovery-codes'] button");
    codes.fills = vec![("form[action='/me/recovery-codes'] input[name=code]", phone.next_code())];
    let session = format!("/me/sessions/{}/end", Uuid::nil());
    vec![
        Step::new(&session, "/me", &[], "tr:not(:has(.tag.ok)) form[action^='/me/sessions/'] button"),
        codes,
        Step::new("/me/password", "/me", &password, "form[action='/me/password'] button"),
        Step::new("/sign-out", "/me", &[], "form[action='/sign-out'] button"),
    ]
}
