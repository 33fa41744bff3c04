//! Sheets of a unit.
use reqwest::{Client, Method};
use serde_json::{Value, json};

use super::house::House;
use super::rows;
use crate::sheets::{Row, forty, row, write};
use crate::support::catalogue::{CONTEST, UNIT};

#[tokio::test(flavor = "multi_thread")]
async fn a_sheet_is_entered_once_whoever_sends_it_again() {
    let house = House::new().await;
    let folder = house.pipeline.dir().join("netdisk");
    std::fs::create_dir(&folder).expect("a folder");
    let (sheet, rows) = (folder.join("汇总表.xlsx"), forty(&folder));
    write(&rows, &sheet);
    let (first, second) = (house.clerk(UNIT).await, house.clerk(UNIT).await);
    let looked = first.hands_in(UNIT, &sheet).await;
    assert_eq!(looked.status, 303, "{}", looked.text);
    let page = first.open(&looked.to).await;
    page.shows(200, "确认报送 36");
    for said in ["主题不对", "电话不对", "表内重复", "作品名称</b>：", "DJI_0042.MP4", "第01号车间的故事.mp4"]
    {
        page.shows(200, said);
    }
    assert_eq!(house.count("select count(*) from submissions").await, 0, "a dry run enters nothing");

    let entered = first.send(&format!("{}/enter", looked.to), "").await;
    assert_eq!((entered.status, &*entered.to), (303, "/units/test/province/works?entered=36"), "{}", entered.text);
    let receipts = first.open(&entered.to).await;
    receipts.shows(200, "已报送 36 件作品");
    assert_eq!(receipts.text.matches("/works/RM-").count(), 36);
    let entered = "select count(*) from submissions where recommending_unit = '某省工业和信息化厅'";
    assert_eq!(house.count(entered).await, 36);
    let audited =
        "select count(*) from audit where act = 'unit_work_entered' and actor = 'recommender' and person is not null";
    assert_eq!(house.count(audited).await, 36);

    // Confirmed again: by a double click, and by a colleague on another machine.
    first.send(&format!("{}/enter", looked.to), "").await.shows(303, "");
    let again = second.hands_in(UNIT, &sheet).await;
    let page = second.open(&again.to).await;
    page.shows(200, "回执编号 RM-");
    assert!(!page.text.contains("确认报送"), "{}", page.text);
    second.send(&format!("{}/enter", again.to), "").await.shows(303, "");
    assert_eq!(house.count("select count(*) from submissions").await, 36);

    // A row with the same title and other answers is left to a person, who may override.
    let mut changed = self::rows(&["早晨"]);
    changed[0].phone = "13900000000";
    let sheet = folder.join("changed.xlsx");
    write(&changed, &sheet);
    let looked = second.hands_in(UNIT, &sheet).await;
    second.open(&looked.to).await.shows(200, "本单位已有同名作品");
    second.send(&format!("{}/enter", looked.to), "").await.shows(303, "");
    assert_eq!(house.count("select count(*) from submissions").await, 36, "a person decides");
    second.send(&format!("{}/enter", looked.to), "also=3").await.shows(303, "");
    assert_eq!(house.count("select count(*) from submissions").await, 37);
    house.service.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sheet_of_another_unit_does_not_exist_and_a_hostile_one_is_refused_by_name() {
    let house = House::new().await;
    let (own, other) = (house.clerk(UNIT).await, house.clerk("few").await);
    let sheet = house.pipeline.dir().join("one.xlsx");
    write(&rows(&["早晨"]), &sheet);
    let looked = own.hands_in(UNIT, &sheet).await;
    let theirs = looked.to.replace(UNIT, "few");
    other.open(&theirs).await.shows(404, "sheet_unknown");
    other.send(&format!("{theirs}/enter"), "").await.shows(404, "sheet_unknown");
    for (name, bytes, said) in [
        ("none.xlsx", b"not a sheet at all".to_vec(), "sheet_refused"),
        ("old.xls", vec![0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1, 0, 0], "不支持 .xls"),
        ("empty.csv", Vec::new(), "请先选择汇总表文件"),
    ] {
        let path = house.pipeline.dir().join(name);
        std::fs::write(&path, bytes).expect("a file");
        own.hands_in(UNIT, &path).await.shows(422, said);
    }
    house.service.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn files_find_their_works_by_the_rules_of_the_command_line() {
    let house = House::new().await;
    let clerk = house.clerk(UNIT).await;
    let sheet = house.pipeline.dir().join("films.xlsx");
    let mut works = rows(&["早晨", "早晨的工厂", "夜晚"]);
    works.push(Row { file: "DJI_0042.MP4", ..row("航拍") });
    write(&works, &sheet);
    let looked = clerk.hands_in(UNIT, &sheet).await;
    clerk.send(&format!("{}/enter", looked.to), "").await.shows(303, "");
    let names = [
        "盘/DJI_0042.MP4",
        "盘/03-《早晨的工厂》+张三.mp4",
        "盘/早晨.mp4",
        "盘/夜晚1.mp4",
        "盘/夜晚2.mp4",
        "盘/承诺书.pdf",
    ];
    let path = format!("/units/{CONTEST}/{UNIT}/films");
    let request = clerk.request(Method::POST, &format!("{path}/match")).json(&json!({ "names": names }));
    let answer: Value = request.send().await.expect("an answer").json().await.expect("JSON");
    assert_eq!(answer["films"], json!([0, 1, 2, 3, 4]));
    let found = answer["works"].as_array().expect("works").iter().map(|it| (it["film"].clone(), it["several"].clone()));
    let one = |at: u32| (json!(at), json!([]));
    assert_eq!(found.collect::<Vec<_>>(), [one(2), one(1), (Value::Null, json!([3, 4])), one(0)]);

    // The unit's key opens the page of each entry, until the entrant has another key.
    let receipt: String = sqlx::query_scalar("select receipt from submissions where title = '早晨'")
        .fetch_one(house.pipeline.truth.pool())
        .await
        .expect("a receipt");
    let opened = clerk.send(&format!("/units/{CONTEST}/{UNIT}/works/{receipt}"), "").await;
    assert_eq!((opened.status, opened.to), (303, format!("/entries/{receipt}")));
    let replaced = "update submissions set token_sha256 = sha256('another') where title = '早晨'";
    sqlx::query(replaced).execute(house.pipeline.truth.pool()).await.expect("replace a key");
    clerk.send(&format!("/units/{CONTEST}/{UNIT}/works/{receipt}"), "").await.shows(403, "token_wrong");
    clerk.open(&path).await.shows(200, "查询链接已由参选人更换");
    house.service.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_sheet_says_how_many_rows_are_left_and_works_stay_with_their_unit() {
    let house = House::new().await;
    let clerk = house.clerk(UNIT).await;
    let sheet = house.pipeline.dir().join("long.xlsx");
    let titles: Vec<String> = (0..101).map(|n| format!("第{n}件")).collect();
    write(&rows(&titles.iter().map(String::as_str).collect::<Vec<_>>()), &sheet);
    let looked = clerk.hands_in(UNIT, &sheet).await;
    let entered = clerk.send(&format!("{}/enter", looked.to), "").await;
    assert_eq!((entered.status, entered.to.clone()), (303, format!("{}?left=1", looked.to)));
    clerk.open(&entered.to).await.shows(200, "还有 1 件");
    let entered = clerk.send(&format!("{}/enter", looked.to), "").await;
    assert_eq!(entered.to, format!("/units/{CONTEST}/{UNIT}/works?entered=1"));

    // By the key with which the unit sends the film, the form is corrected, but not its unit.
    let page = clerk.open(&format!("/units/{CONTEST}/{UNIT}/films")).await.text;
    let after = |name: &str| page.split(&format!("{name}=\"")).nth(1).and_then(|it| it.split('"').next()).expect("it");
    let url = format!("{}/api/v1/submissions/{}", house.base, after("data-entry"));
    let correct = async |fields: Value| {
        let request = Client::new().patch(&url).bearer_auth(after("data-key")).json(&json!({ "fields": fields }));
        request.send().await.expect("an answer").status().as_u16()
    };
    assert_eq!(correct(json!({ "recommending_unit": "小协会" })).await, 422);
    assert_eq!(correct(json!({ "title": "改过的片名" })).await, 200);

    // Opened by the unit: for half an hour, and on record.
    let works = clerk.open(&format!("/units/{CONTEST}/{UNIT}/works")).await.text;
    let (_, receipt) = works.split_once("/works/RM-").expect("a receipt");
    let open = format!("/units/{CONTEST}/{UNIT}/works/RM-{}", receipt.split('"').next().expect("its number"));
    let form = clerk.request(Method::POST, &open).header("content-type", "application/x-www-form-urlencoded");
    let opened = form.send().await.expect("an answer");
    let cookie = opened.headers()["set-cookie"].to_str().expect("text").to_owned();
    assert!(opened.status() == 303 && cookie.contains("Max-Age=1800"), "{} {cookie}", opened.status());
    assert_eq!(house.count("select count(*) from audit where act = 'unit_work_opened'").await, 1);
    house.service.stop();
}
