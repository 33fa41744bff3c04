//! Recommending units at the public address: who may open what, a sheet that is entered once, quotas and deadlines, and
//! the owner of each file.
use reqwest::{Client, Method};
use serde_json::json;
use units::Policy;
use uuid::Uuid;

use crate::sheets::{Row, row, write};
use crate::support::browser::person::Person;
use crate::support::catalogue::{CONTEST, UNIT};
use house::House;

mod house;
mod sheets;

fn rows(titles: &[&str]) -> Vec<Row> {
    titles.iter().map(|title| row(title)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn quotas_and_deadlines_hold_for_every_way_in() {
    let house = House::new().await;
    let clerk = house.clerk("few").await;
    let sheet = house.pipeline.dir().join("few.xlsx");
    write(&rows(&["一", "二二", "三三"]), &sheet);
    let looked = clerk.hands_in("few", &sheet).await;
    clerk.send(&format!("{}/enter", looked.to), "").await.shows(409, "unit_quota_full");
    assert_eq!(house.count("select count(*) from submissions").await, 2);
    clerk.open("/units/test/few").await.shows(200, "名额已满");

    // Under each of the unit's names, and by a correction.
    let (status, code, _) = house.enters("四四", "小协会").await;
    assert_eq!((status, code.as_str()), (409, "unit_quota_full"));
    let (status, _, entry) = house.enters("五五", "别的单位").await;
    assert_eq!(status, 201);
    let (id, token) = (entry["id"].as_str().expect("an id"), entry["token"].as_str().expect("a token"));
    let correct = Client::new().patch(format!("{}/api/v1/submissions/{id}", house.base)).bearer_auth(token);
    let correct = correct.json(&json!({ "fields": { "recommending_unit": "小型协会" } })).send().await;
    assert_eq!(correct.expect("an answer").status(), 409);

    // A withdrawn work frees its place in the quota.
    let gone =
        sqlx::query_scalar("select id from submissions where title = '一'").fetch_one(house.pipeline.truth.pool());
    let gone: Uuid = gone.await.expect("the first work");
    house.pipeline.command(&["withdraw", &gone.to_string(), "--reason", "单位来电"]).await.exits(0);
    let (status, _, _) = house.enters("四四", " 小协会 ").await;
    assert_eq!(status, 201);
    let named = "select count(*) from submissions where recommending_unit = '小型协会'";
    assert_eq!(house.count(named).await, 3, "the unit's own name stands in the entry");

    // A stranger who names the unit takes none of its places.
    clerk.open("/units/test/few").await.shows(200, "其他途径报名");
    // The withdrawn work's row may be entered again; the third finds no place.
    clerk.send(&format!("{}/enter", looked.to), "").await.shows(409, "unit_quota_full");
    assert_eq!(house.count(named).await, 4);
    assert_eq!(house.count("select count(*) from unit_works").await, 2, "nothing is kept of the withdrawn one");
    let (status, _, _) = house.enters("七七", "小协会").await;
    assert_eq!(status, 409);

    // A script with a clerk's cookie is stopped; other units go on.
    let press = format!("/units/test/few/sheets/{}/enter", Uuid::nil());
    let mut answers = Vec::new();
    for _ in 0..25 {
        answers.push(clerk.send(&press, "").await.status);
    }
    assert!(answers.contains(&404) && answers.ends_with(&[429]), "{answers:?}");

    let (status, code, _) = house.enters("六六", "已截止单位").await;
    assert_eq!((status, code.as_str()), (403, "unit_deadline_passed"));
    house.clerk("late").await.open("/units/test/late").await.shows(200, "目前不接受报送");
    house.service.stop();
}

/// The expected answer of a route: a status, and for 303 whether it redirects to the sign-in.
fn expected(policy: Policy, method: &Method, who: &str) -> &'static [u16] {
    let signed_in = matches!(who, "own" | "other unit");
    match (policy, signed_in) {
        (Policy::Open, _) => &[200, 303, 403, 404, 429],
        (_, false) if method == Method::GET => &[303],
        (_, false) => &[401],
        (Policy::OfUnit, true) if who == "other unit" => &[404],
        (Policy::SignedIn | Policy::OfUnit, true) => &[200, 303, 404, 415, 422],
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recommender_sees_their_unit_and_nothing_else() {
    let house = House::new().await;
    let staff = Person::new(&house.pipeline, "王管理", &["organiser", "admin"]).await;
    let own = Person::new(&house.pipeline, "李经办", &[&format!("recommender@{CONTEST}/{UNIT}")]).await;
    let callers = [
        ("no session", house.with("none".into())),
        // Valid cookies of another door, under this door's name.
        ("staff", house.with(staff.session_at(&house.pipeline, "console").await)),
        ("staff at this door", house.with(staff.session_at(&house.pipeline, "units").await)),
        ("own, at the console", house.with(own.session_at(&house.pipeline, "console").await)),
        ("other unit", house.clerk("few").await),
        ("own", house.with(own.session_at(&house.pipeline, "units").await)),
    ];
    let mut wrong = Vec::new();
    // The sign-out comes last: it ends the session that the others use.
    let (out, rest): (Vec<_>, Vec<_>) = units::list().into_iter().partition(|route| route.path.ends_with("sign-out"));
    for route in rest.into_iter().chain(out) {
        let path = route.path.replace("{contest}", CONTEST).replace("{unit}", UNIT).replace("{secret}", "none");
        let path = path.replace("{sheet}", "none").replace("{receipt}", "none");
        for (who, clerk) in &callers {
            let mut request = clerk.request(route.method.clone(), &path);
            if route.method == Method::POST {
                request = request.header("content-type", "application/x-www-form-urlencoded").body("");
            }
            let answer = request.send().await.expect("an answer");
            let headers = answer.headers().clone();
            let (status, to) = (answer.status().as_u16(), headers.get("location").and_then(|it| it.to_str().ok()));
            let leads_in = to.is_some_and(|to| to.starts_with("/units/sign-in?next="));
            let turned_away = !matches!(*who, "own" | "other unit") && route.policy != Policy::Open && status == 303;
            if !expected(route.policy, &route.method, who).contains(&status) || (turned_away && !leads_in) {
                wrong.push(format!("{} {path} by {who}: {status} {to:?}", route.method));
            }
            if headers.contains_key("access-control-allow-origin") {
                wrong.push(format!("{} {path} has CORS beside cookies", route.method));
            }
            let kept = headers.get("cache-control").and_then(|it| it.to_str().ok()).unwrap_or_default();
            if !headers.contains_key("x-content-type-options") || kept != "no-store" {
                wrong.push(format!("{} {path} by {who}: headers {headers:?}", route.method));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    // A form of another site.
    let forged = house.with(own.session_at(&house.pipeline, "units").await);
    let forged = forged.client.post(format!("{}/units/sign-out", house.base)).header("cookie", &forged.cookie);
    let answer = forged.header("sec-fetch-site", "cross-site").send().await.expect("an answer");
    assert_eq!(answer.status(), 403);
    house.service.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_template_asks_what_the_form_asks() {
    let house = House::new().await;
    let clerk = house.clerk(UNIT).await;
    let request = clerk.request(Method::GET, &format!("/units/{CONTEST}/{UNIT}/template.xlsx"));
    let bytes = request.send().await.expect("an answer").bytes().await.expect("the template");
    let path = house.pipeline.dir().join("template.xlsx");
    std::fs::write(&path, &bytes).expect("keep it");
    // Sent unchanged, the template contains no works.
    clerk.hands_in(UNIT, &path).await.shows(422, "汇总表中没有作品");
    house.service.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_work_takes_its_place_again_with_another_film() {
    let house = House::new().await;
    let (_, _, first) = house.enters("一", "小协会").await;
    let (status, _, _) = house.enters("二二", "小协会").await;
    assert_eq!(status, 201);
    let (id, token) = (first["id"].as_str().expect("an id"), first["token"].as_str().expect("a token"));
    let refused = r#"update submissions set state = 'rejected', machine = jsonb_set(machine, '{state}',
        '{"state": "rejected", "stage": "screen", "reason": {"code": "aspect_not_allowed", "width": 1, "height": 1}}')
        where id = $1::uuid"#;
    sqlx::query(refused).bind(id).execute(house.pipeline.truth.pool()).await.expect("refuse a work");
    let (status, _, third) = house.enters("三三", "小协会").await;
    assert_eq!(status, 201, "a refused work takes no place");
    let replace = async || {
        let url = format!("{}/api/v1/submissions/{id}/replacement", house.base);
        let answer = Client::new().post(url).bearer_auth(token).send().await.expect("an answer");
        (answer.status().as_u16(), answer.text().await.expect("text"))
    };
    let (status, said) = replace().await;
    assert!(status == 409 && said.contains("unit_quota_full"), "{status} {said}");
    house.pipeline.command(&["withdraw", third["id"].as_str().expect("an id"), "--reason", "来电"]).await.exits(0);
    let (status, said) = replace().await;
    assert_eq!(status, 200, "{said}");
    let (status, _, _) = house.enters("四四", "小协会").await;
    assert_eq!(status, 409, "the film that comes has its place");
    house.service.stop();
}
