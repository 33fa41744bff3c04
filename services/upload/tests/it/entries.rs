use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::stage::{Entry, Stage, bytes, form, refusal, says, until};

#[tokio::test]
async fn a_form_gives_a_token_and_an_address_and_no_copy_of_either() {
    let stage = Stage::new().await;
    let answer = stage.post_form(&form()).await;
    assert_eq!(answer.status(), 201);
    assert_eq!(answer.headers()["cache-control"], "no-store");
    let location = answer.headers()["location"].to_str().unwrap().to_owned();
    let body: Value = answer.json().await.unwrap();
    assert_eq!(location, format!("/api/v1/submissions/{}", body["id"].as_str().unwrap()));
    assert_eq!(body["upload"]["endpoint"], "/files");
    let secret = body["token"].as_str().unwrap().split_once('.').unwrap().1;
    let kept = stage.ask("select row_to_json(s)::text from submissions s".into()).await;
    assert!(!kept.contains(secret), "{kept}");
}

#[tokio::test]
async fn a_title_that_a_partner_does_not_take_is_entered_with_a_warning() {
    let stage = Stage::new().await;
    let warnings = async |title: &str| {
        let mut form = form();
        form["title"] = title.into();
        let answer = stage.post_form(&form).await;
        assert_eq!(answer.status(), 201);
        answer.json::<Value>().await.unwrap()["warnings"].clone()
    };
    let warned = warnings("早晨").await;
    assert_eq!(warned.as_array().map(Vec::len), Some(1), "{warned}");
    let one = &warned[0];
    assert_eq!((&one["partner"], &one["code"]), (&json!("weixin_channels"), &json!("title_too_short")));
    assert!(one["zh"].as_str().unwrap().starts_with("标题") && one["en"].as_str().unwrap().starts_with("the title"));
    assert_eq!(warnings("一座工厂的早晨").await, json!([]));
}

#[tokio::test]
async fn personal_data_is_sealed_and_lies_in_one_table_only() {
    let stage = Stage::new().await;
    let entry = stage.enter().await;
    for table in ["submissions", "entrants", "history", "outbox"] {
        let all = format!("select coalesce(string_agg(row_to_json(t)::text, ''), '') from {table} t");
        let all = stage.ask(all).await;
        for private in ["张三", "13812345678", "zhang@example.cn", "某厂"] {
            assert!(!all.contains(private), "{private} is in {table}");
        }
    }
    let id = entry.id.parse().unwrap();
    let opened = stage.app.keys.open(id, &stage.app.store.entrant(id).await.unwrap().unwrap()).unwrap();
    assert_eq!(serde_json::from_slice::<Value>(&opened).unwrap(), form()["entrant"]);
}

#[tokio::test]
async fn answers_to_a_contests_own_questions_are_sealed_and_its_declarations_kept() {
    let stage = Stage::new().await;
    stage.app.clock.set("2024-07-01T00:00:00Z".parse().unwrap());
    let lacking = {
        let mut form = form();
        form["contest"] = "industry-power-2024".into();
        stage.post_form(&form).await.json::<Value>().await.unwrap()
    };
    let fields: Vec<_> = lacking["fields"].as_array().unwrap().iter().map(|it| it["field"].as_str().unwrap()).collect();
    assert_eq!(fields, ["answers.subject", "answers.region", "answers.crew", "answers.confidentiality"]);
    let entry = stage.enter_into("industry-power-2024", "green").await;
    let declared = stage.ask("select (declarations ->> 'confidentiality') from submissions".into()).await;
    assert_eq!(declared, "true");
    let everything = "select string_agg(row_to_json(s)::text, '') || (select string_agg(row_to_json(e)::text, '') from entrants e) \
        from submissions s";
    let everything = stage.ask(everything.into()).await;
    assert!(!everything.contains("李四") && !everything.contains("湖南省"), "{everything}");
    let id = entry.id.parse().unwrap();
    let opened = stage.app.keys.open(id, &stage.app.store.entrant(id).await.unwrap().unwrap()).unwrap();
    assert_eq!(serde_json::from_slice::<Value>(&opened).unwrap()["answers"]["crew"], "导演：李四");
}

#[tokio::test]
async fn a_wrong_form_is_refused_with_a_code_in_the_language_asked_for() {
    let stage = Stage::new().await;
    let mut wrong = form();
    wrong["title"] = "长".repeat(81).into();
    let send = async |lang: &str| {
        let request = stage.client.post(format!("{}/api/v1/submissions", stage.url));
        let answer = request.header("accept-language", lang).body(wrong.to_string()).send().await.unwrap();
        assert_eq!(answer.status(), 422);
        answer.json::<Value>().await.unwrap()
    };
    let english = send("en").await;
    assert_eq!(english["code"], "form_wrong");
    assert_eq!(english["title"], "Some fields of the form do not keep their limits.");
    assert_eq!(english["detail"], "title: 1 to 80 characters");
    let field =
        json!({ "field": "title", "code": "field_wrong", "zh": "须为 1 至 80 个字符", "en": "1 to 80 characters" });
    assert_eq!(english["fields"], json!([field]));
    let chinese = send("zh-CN,zh;q=0.9").await;
    assert_eq!(chinese["title"], "表单中有不符合要求的内容。");
    assert_eq!(chinese["detail"], "title：须为 1 至 80 个字符");
    assert_eq!(stage.ask("select count(*)::text from submissions".into()).await, "0");
}

#[tokio::test]
async fn unknown_fields_contests_and_oversized_forms_are_refused() {
    let stage = Stage::new().await;
    let code = async |change: &dyn Fn(&mut Value)| {
        let mut form = form();
        change(&mut form);
        let request = stage.client.post(format!("{}/api/v1/submissions", stage.url));
        refusal(request.body(form.to_string())).await
    };
    assert_eq!(code(&|it| it["admin"] = true.into()).await, says(400, "body_not_json"));
    assert_eq!(code(&|it| it["contest"] = "none".into()).await, says(422, "contest_unknown"));
    assert_eq!(code(&|it| it["synopsis"] = "x".repeat(70_000).into()).await, says(413, "body_too_large"));
    assert_eq!(code(&|it| *it = json!([])).await, says(400, "body_not_json"));
    assert_eq!(code(&|it| it["contest"] = "industry-power-2024".into()).await, says(403, "deadline_passed"));
    let nowhere = stage.client.get(format!("{}/api/v2", stage.url));
    assert_eq!(refusal(nowhere).await, says(404, "route_unknown"));
    let put = stage.client.put(format!("{}/api/v1/submissions", stage.url));
    assert_eq!(refusal(put).await, says(405, "method_unknown"));
}

#[tokio::test]
async fn only_the_token_opens_a_submission() {
    let stage = Stage::new().await;
    let (one, other) = (stage.enter().await, stage.enter().await);
    let check = async |id: &str, token: &str| {
        let entry = Entry { id: id.into(), token: token.into() };
        refusal(stage.api(Method::GET, &entry)).await
    };
    let none = stage.client.get(format!("{}/api/v1/submissions/{}", stage.url, one.id));
    assert_eq!(refusal(none).await, says(401, "token_missing"));
    assert_eq!(check(&one.id, &other.token).await, says(403, "token_wrong"));
    assert_eq!(check(&one.id, "x").await, says(403, "token_wrong"));
    let mut changed = one.token.clone();
    changed.pop();
    assert_eq!(check(&one.id, &changed).await, says(403, "token_wrong"));
    assert_eq!(stage.status(&one).await["state"], "uploading");
}

#[tokio::test]
async fn the_status_tells_how_far_the_film_is() {
    let stage = Stage::new().await;
    let entry = stage.enter().await;
    assert_eq!(stage.status(&entry).await["upload"], json!({ "offset": 0 }));
    let path = stage.create(&entry, 10).await;
    stage.send(&path, &entry, 0, &bytes(4)).await;
    assert_eq!(stage.status(&entry).await["upload"], json!({ "offset": 4, "length": 10 }));
    stage.send(&path, &entry, 4, &bytes(10)[4..]).await;
    assert_eq!(stage.film(&entry).await, bytes(10));
}

/// An entry's token may be used any number of times, with any number of keys.
#[tokio::test]
async fn withdrawing_again_leaves_no_further_row() {
    let stage = Stage::new().await;
    let entry = stage.enter().await;
    let withdraw = async |key: Uuid| {
        let request = stage.api(Method::DELETE, &entry).header("idempotency-key", key.to_string());
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), answer.headers().contains_key("idempotent-replayed"))
    };
    let first = Uuid::new_v4();
    assert_eq!(withdraw(first).await, (204, false));
    for _ in 0..3 {
        assert_eq!(withdraw(Uuid::new_v4()).await, (204, false));
    }
    assert_eq!(withdraw(first).await, (204, true));
    assert_eq!(stage.ask("select count(*)::text from idempotency".into()).await, "1");
    assert_eq!(stage.ask("select count(*)::text from history where what = 'withdrawn'".into()).await, "1");
}

#[tokio::test]
async fn withdrawing_forgets_the_person_and_ends_the_upload() {
    let stage = Stage::new().await;
    let entry = stage.enter().await;
    let path = stage.create(&entry, 10).await;
    stage.send(&path, &entry, 0, &bytes(4)).await;
    for _ in 0..2 {
        assert_eq!(stage.api(Method::DELETE, &entry).send().await.unwrap().status(), 204);
    }
    assert_eq!(stage.status(&entry).await["state"], "withdrawn");
    assert_eq!(stage.ask("select count(*)::text from entrants".into()).await, "0");
    let more = stage.patch(&path, &entry, 4, bytes(1));
    assert_eq!(refusal(more).await.0 / 100, 4);
    upload::sweep_once(&stage.app).await;
    until("nothing is left", async || stage.is_empty().await).await;
}

#[tokio::test]
async fn the_document_describes_every_route() {
    let stage = Stage::new().await;
    let answer = stage.client.get(format!("{}/api/v1/openapi.json", stage.url)).send().await.unwrap();
    let document: Value = answer.json().await.unwrap();
    assert!(document["openapi"].as_str().unwrap().starts_with("3."));
    let verbs = |path: &str| document["paths"][path].as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(verbs("/api/v1/submissions"), ["post"]);
    assert_eq!(verbs("/api/v1/submissions/{id}"), ["delete", "get", "patch"]);
    assert_eq!(verbs("/files"), ["options", "post"]);
    assert_eq!(verbs("/files/{id}"), ["delete", "head", "patch"]);
    // Every reference leads somewhere.
    let text = document.to_string();
    for reference in text.split("\"$ref\":\"#").skip(1).map(|it| it.split('"').next().unwrap()) {
        assert!(document.pointer(reference).is_some(), "{reference}");
    }
}
