//! The emulator itself refuses what the platform's documents refuse. Tests that pass because the emulator is too
//! lenient would prove nothing.
use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::support::platforms::douyin::{Douyin, Rules, codes};
use crate::support::platforms::{Emulator, World};

const MB: usize = 1024 * 1024;

/// A client that does everything right unless configured otherwise.
struct Client {
    platform: Emulator<Douyin>,
    http: reqwest::Client,
    token: String,
}

impl Client {
    async fn new() -> Self {
        let world = World::new(1);
        let platform = Emulator::start(Douyin::new(Rules::default(), &world), world).await;
        let token = platform.authorisation().access_token;
        Self { platform, http: reqwest::Client::new(), token }
    }

    fn url(&self, what: &str, query: &[(&str, &str)]) -> reqwest::Url {
        let mut url: reqwest::Url =
            format!("{}/api/douyin/v1/video/{what}", self.platform.url()).parse().expect("an address");
        url.query_pairs_mut().append_pair("open_id", &self.platform.rules().open_id).extend_pairs(query);
        url
    }

    /// The data and the code of an answer.
    async fn send(&self, request: reqwest::RequestBuilder) -> (Value, i64) {
        let answer = request.header("access-token", &self.token).send().await.expect("an answer");
        assert_eq!(answer.status(), 200, "the status says nothing, the code does");
        let mut answer: Value = answer.json().await.expect("JSON");
        let code = answer["data"]["error_code"].as_i64().expect("a code");
        (answer["data"].take(), code)
    }

    async fn post(&self, what: &str, query: &[(&str, &str)], body: Value) -> (Value, i64) {
        self.send(self.http.post(self.url(what, query)).json(&body)).await
    }

    async fn file(&self, what: &str, query: &[(&str, &str)], bytes: usize) -> (Value, i64) {
        let head = b"--b\r\ncontent-disposition: form-data; name=\"video\"; filename=\"video.mp4\"\r\n\r\n";
        let body = [head.as_slice(), &vec![7; bytes], b"\r\n--b--\r\n"].concat();
        let request = self.http.post(self.url(what, query)).header("content-type", "multipart/form-data; boundary=b");
        self.send(request.body(body)).await
    }

    async fn init(&self) -> String {
        let (data, code) = self.post("init_video_part_upload/", &[], json!({})).await;
        assert_eq!(code, 0);
        data["upload_id"].as_str().expect("an upload").to_owned()
    }

    async fn part(&self, upload: &str, number: &str, bytes: usize) -> i64 {
        self.file("upload_video_part/", &[("upload_id", upload), ("part_number", number)], bytes).await.1
    }

    async fn complete(&self, upload: &str) -> (Value, i64) {
        self.post("complete_video_part_upload/", &[("upload_id", upload)], json!({})).await
    }

    async fn video(&self) -> String {
        let (data, code) = self.file("upload_video/", &[], MB).await;
        assert_eq!(code, 0);
        data["video"]["video_id"].as_str().expect("a video").to_owned()
    }

    async fn create(&self, video_id: &str, text: &str) -> i64 {
        self.post("create_video/", &[], json!({ "video_id": video_id, "text": text, "private_status": 0 })).await.1
    }
}

#[tokio::test]
async fn parts_count_from_one_and_only_the_last_may_be_small() {
    let client = Client::new().await;
    let upload = client.init().await;
    assert_eq!(client.part(&upload, "0", 5 * MB).await, codes::PARAMETER);
    assert_eq!(client.part(&upload, "1", 5 * MB).await, 0);
    assert_eq!(client.part(&upload, "3", MB).await, 0);
    assert_eq!(client.complete(&upload).await.1, codes::PARAMETER, "part 2 is missing");
    assert_eq!(client.part(&upload, "2", MB).await, 0);
    assert_eq!(client.complete(&upload).await.1, codes::PARAMETER, "part 2 is too small");
    assert_eq!(client.part(&upload, "2", 5 * MB).await, 0);
    let (data, code) = client.complete(&upload).await;
    assert_eq!((code, data["video"]["video_id"].is_string()), (0, true));
    assert_eq!(client.complete(&upload).await.1, codes::PARAMETER, "it was completed before");
    assert_eq!(client.part(&upload, "4", 5 * MB).await, codes::PARAMETER);
    assert_eq!(client.file("upload_video/", &[], 51 * MB).await.1, codes::MUST_BE_IN_PARTS);
}

#[tokio::test]
async fn a_video_serves_one_create_even_one_that_fails() {
    let client = Client::new().await;
    let video = client.video().await;
    assert_eq!(client.create(&video, "一").await, 0);
    assert_eq!(client.create(&video, "二").await, codes::PARAMETER);
    let video = client.video().await;
    assert_eq!(client.create(&video, &"长".repeat(1001)).await, codes::PARAMETER);
    assert_eq!(client.create(&video, "短").await, codes::PARAMETER);
    assert_eq!(client.create("v0unknown", "三").await, codes::PARAMETER);
    assert_eq!(client.platform.items().len(), 1);
}

#[tokio::test]
async fn a_user_creates_no_more_than_the_day_allows() {
    let client = Client::new().await;
    client.platform.change(|rules| rules.creates_a_day = 1);
    let videos = [client.video().await, client.video().await, client.video().await];
    assert_eq!(client.create(&videos[0], "一").await, 0);
    assert_eq!(client.create(&videos[1], "二").await, codes::DAILY_LIMIT);
    let clock = &client.platform.world.clock;
    clock.set(clock.now() + TimeDelta::hours(25));
    assert_eq!(client.create(&videos[2], "三").await, 0);
}

#[tokio::test]
async fn tokens_end_and_a_refresh_token_is_renewed_five_times() {
    let mut client = Client::new().await;
    let clock = client.platform.world.clock.clone();
    let form = |token: &str| {
        [("client_key", "emulated-client-key".to_owned()), ("refresh_token", token.to_owned())]
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .chain([("grant_type".to_owned(), "refresh_token".to_owned())])
            .collect::<Vec<_>>()
    };
    let oauth = |what: &str| format!("{}/oauth/{what}/", client.platform.url());
    let (renew, refresh) = (oauth("renew_refresh_token"), oauth("refresh_token"));
    let post = |url: &str, token: &str| {
        let body = reqwest::Url::parse_with_params("http://form/", form(token)).expect("a form");
        let body = body.query().unwrap_or_default().to_owned();
        client.http.post(url).header("content-type", "application/x-www-form-urlencoded").body(body)
    };
    clock.set(clock.now() + TimeDelta::days(16));
    assert_eq!(client.post("init_video_part_upload/", &[], json!({})).await.1, codes::TOKEN_EXPIRED);
    let old = client.platform.authorisation().refresh_token;
    let (data, code) = client.send(post(&refresh, &old)).await;
    assert_eq!(code, 0);
    for _ in 0..5 {
        let now = client.platform.authorisation().refresh_token;
        assert_eq!(client.send(post(&renew, &now)).await.1, 0);
        assert_eq!(client.send(post(&renew, &now)).await.1, codes::REFRESH_EXPIRED, "renewed, it is over");
    }
    let last = client.platform.authorisation().refresh_token;
    assert_eq!(client.send(post(&renew, &last)).await.1, codes::RENEWED_TOO_OFTEN);
    client.token = "act.other".into();
    assert_eq!(client.post("init_video_part_upload/", &[], json!({})).await.1, codes::TOKEN_INVALID);
    client.token = data["access_token"].as_str().expect("a token").to_owned();
    client.init().await;
}
