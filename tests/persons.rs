//! Persons, as managed by the command line and enforced by the API.
use crate::support::TestPipeline;
use crate::support::catalogue::CONTEST;

#[tokio::test(flavor = "multi_thread")]
async fn commands_act_as_the_person_of_the_login_name_and_the_trail_says_so() {
    let pipeline = TestPipeline::new().await;
    let organiser = format!("organiser@{CONTEST}");
    let add = ["person", "add", "王芳", "--login", "wangfang", "--role", "admin", &organiser];
    let anna = pipeline.command(&add).await.exits(0).stdout.trim().to_owned();
    let add = ["person", "add", "李明", "--login", "liming", "--role", "auditor", "--as", "wangfang"];
    pipeline.command(&add).await.exits(0);
    let unknown = pipeline.command(&["person", "role", "liming", "--add", "operator", "--as", "lm"]).await.exits(0);
    assert!(unknown.stderr.contains("no person has the login name lm"), "{}", unknown.stderr);
    let trail = pipeline.command(&["audit", "list", "--output", "json"]).await.exits(0).json();
    let rows = trail["items"].as_array().expect("rows");
    let acts: Vec<_> = rows.iter().filter_map(|row| row["act"].as_str()).collect();
    assert_eq!(acts, ["person_roles_changed", "person_added", "person_added"]);
    for row in [&rows[0], &rows[2]] {
        assert!(row["name"].as_str().is_some_and(|name| name.starts_with("operator on ")), "{row}");
        assert!(row["person"].is_null() && row["actor"] == "operator", "{row}");
    }
    assert_eq!((&rows[1]["name"], &rows[1]["person"]), (&"王芳".into(), &anna.as_str().into()));
    let listed = pipeline.command(&["person", "list", "--output", "json"]).await.exits(0).json();
    let anna =
        listed["items"].as_array().expect("persons").iter().find(|it| it["login"] == "wangfang").expect("王芳").clone();
    let roles = serde_json::json!([{ "role": "organiser", "contest": CONTEST }, { "role": "admin" }]);
    assert_eq!(anna["roles"], roles);
    pipeline.command(&["audit", "verify"]).await.exits(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_that_is_taken_closes_the_api_to_its_token() {
    let pipeline = TestPipeline::new().await;
    let service = pipeline.serve("desk", &["desk"]).await;
    let screener = format!("screener@{CONTEST}");
    let add = ["person", "add", "李明", "--login", "liming", "--role", &screener, "auditor"];
    pipeline.command(&add).await.exits(0);
    let create = |role: &'static str| ["token", "create", "--person", "liming", "--role", role, "--name", "审核"];
    let token = pipeline.command(&create("screener")).await.exits(0).stdout.trim().to_owned();
    let address = service.desk_address().expect("the desk's address");
    let answered = async || {
        let request = reqwest::Client::new().get(format!("http://{address}/api/v1/submissions"));
        request.bearer_auth(&token).send().await.expect("an answer").status().as_u16()
    };
    assert_eq!(answered().await, 200);
    pipeline.command(&["person", "role", "liming", "--remove", &screener]).await.exits(0);
    assert_eq!(answered().await, 403);
    let outranks = pipeline.command(&create("screener")).await.exits(2);
    assert!(outranks.stderr.contains("role_not_held") && outranks.stderr.contains("(screener)"), "{}", outranks.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_makes_no_sense_about_persons_is_wrong_usage() {
    let pipeline = TestPipeline::new().await;
    pipeline.command(&["person", "add", "王芳", "--login", "wangfang", "--role", "admin"]).await.exits(0);
    let refusals: [(&[&str], &str); 10] = [
        (&["person", "end", "wangfang", "--reason", "离职"], "last_admin"),
        (&["person", "role", "wangfang", "--remove", "admin"], "last_admin"),
        (&["person", "role", "wangfang", "--remove", "auditor"], "role_not_held"),
        (&["person", "role", "wangfang", "--add", "screener@nowhere"], "contest_unknown"),
        (&["person", "role", "wangfang", "--add", "judge"], "field_wrong"),
        (&["person", "role", "wangfang"], "required"),
        (&["person", "add", "李明", "--login", "wangfang", "--role", "auditor"], "login_taken"),
        (&["person", "add", "李明", "--login", "Li Ming", "--role", "auditor"], "a login name has"),
        (&["person", "end", "stranger", "--reason", "离职"], "person_unknown"),
        (&["token", "create", "--person", "wangfang", "--role", "organiser", "--name", "x"], "role_not_held"),
    ];
    for (wrong, why) in refusals {
        let refused = pipeline.command(wrong).await.exits(2);
        assert!(refused.stderr.contains(why), "{wrong:?}: {}", refused.stderr);
    }
    pipeline.command(&["audit", "verify"]).await.exits(0);
}
