//! How many pictures the desk receives at the same time, through its pages and its API together.
use std::time::Duration;

use desk::act::evidence::PICTURE_BYTES;
use reqwest::Method;
use runtime::store::people::tokens::Role;
use serde_json::json;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use uuid::Uuid;

use crate::desk_browser::Browser;
use crate::desk_deliveries::{handed, plant};
use crate::stage::{Entry, Stage, until};

const PARTNER: &str = "weixin_channels";

/// A request that starts to send a picture and never finishes.
async fn begun(stage: &Stage, path: &str, headers: &str) -> TcpStream {
    let host = stage.desk_url.trim_start_matches("http://");
    let mut connection = TcpStream::connect(host).await.unwrap();
    let head = format!("POST {path} HTTP/1.1\r\nhost: {host}\r\n{headers}content-length: {PICTURE_BYTES}\r\n\r\n--cut");
    connection.write_all(head.as_bytes()).await.unwrap();
    connection
}

/// The status of a report through the API whose picture is not a picture.
async fn by_api(stage: &Stage, operator: &str, path: &str) -> u16 {
    let request = stage.desk(Method::POST, path, operator).json(&json!({ "picture": "AAAA", "receipt": "1" }));
    request.send().await.unwrap().status().as_u16()
}

async fn paths(stage: &Stage) -> [String; 2] {
    let entry: Entry = stage.enter().await;
    plant(stage, &entry, PARTNER, &[handed()]).await;
    let id = &entry.id;
    [
        format!("/api/v1/submissions/{id}/deliveries/{PARTNER}/delivered"),
        format!("/works/{id}/deliveries/{PARTNER}/delivered"),
    ]
}

#[tokio::test]
async fn pages_and_api_together_receive_three_pictures_at_a_time() {
    // The requests that hold the turns must last longer than those that wait for one.
    let stage = Stage::with(|settings| settings.api_deadline = Duration::from_secs(300)).await;
    let operator = stage.token(Role::Operator, None).await;
    let browser = Browser::everywhere(&stage, Role::Operator).await;
    let [api, page] = paths(&stage).await;
    let by_page = async || browser.send_picture(&page, &[("receipt", "1")], Some(b"none")).await.status;
    assert_eq!((by_api(&stage, &operator, &api).await, by_page().await), (422, 422));

    let token = |key: Uuid| {
        format!("authorization: Bearer {operator}\r\nidempotency-key: {key}\r\ncontent-type: application/json\r\n")
    };
    let session = stage.session(browser.person).await;
    let form = format!(
        "cookie: rm={session}\r\nsec-fetch-site: same-origin\r\ncontent-type: multipart/form-data; boundary=cut\r\n"
    );
    let begun = [
        begun(&stage, &api, &token(Uuid::new_v4())).await,
        begun(&stage, &api, &token(Uuid::new_v4())).await,
        begun(&stage, &page, &form).await,
    ];
    until("no picture more is received by the API", async || by_api(&stage, &operator, &api).await == 503).await;
    assert_eq!(by_page().await, 503);
    // Requests without a picture do not wait for requests with one.
    assert_eq!(browser.open("/").await.status, 200);
    drop(begun);
    until("the next is received", async || by_api(&stage, &operator, &api).await == 422).await;
    assert_eq!(by_page().await, 422);
}
