//! What organisers look at before they decide: links, and files of which any range can be requested.
use pipeline::id::{Fence, SubmissionId};
use pipeline::object_key::{ObjectKey, PreviewFile};
use reqwest::{Method, Response};
use runtime::store::people::tokens::Role;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::stage::{Entry, Stage, bytes, refusal, says};

/// Bytes of the stored film.
const FILM: usize = 300_000;

impl Stage {
    /// A preview of the entry, as its probe leaves one.
    pub(crate) async fn preview(&self, entry: &Entry) -> Vec<u8> {
        let id: SubmissionId = entry.id.parse().unwrap();
        let film = bytes(FILM);
        let contents = [film.clone(), b"\xff\xd8\xffsheet".to_vec(), b"WEBVTT\n".to_vec()];
        let mut files = serde_json::Map::new();
        for (file, content) in PreviewFile::ALL.into_iter().zip(contents) {
            let key = ObjectKey::Preview(id, 1, Fence(7), file);
            let (length, sha256) = (content.len(), hex::encode(Sha256::digest(&content)));
            self.app.objects.put_bytes(&key, content).await.unwrap();
            let name = ["proxy", "storyboard", "cues"][files.len()];
            files.insert(name.into(), json!({ "key": key.to_string(), "bytes": length, "sha256": sha256 }));
        }
        let files = Value::Object(files);
        self.execute(format!("insert into previews (submission, run, files) values ('{}', 1, '{files}')", entry.id))
            .await;
        film
    }
}

fn header<'a>(answer: &'a Response, name: &str) -> &'a str {
    answer.headers().get(name).map_or("", |value| value.to_str().unwrap())
}

#[tokio::test]
async fn a_screener_gets_the_previews_address_and_any_part_of_it() {
    let stage = Stage::new().await;
    let entry = stage.enter().await;
    let film = stage.preview(&entry).await;
    let token = stage.token(Role::Screener, Some("demo")).await;
    let place = format!("/api/v1/submissions/{}/preview", entry.id);
    let preview: Value = stage.desk(Method::GET, &place, &token).send().await.unwrap().json().await.unwrap();
    assert_eq!(preview["proxy"]["url"], format!("{place}/proxy.mp4"));
    assert_eq!((&preview["proxy"]["bytes"], &preview["cover_candidates_ms"]), (&json!(FILM), &json!([])));
    assert_eq!(preview["proxy"]["sha256"], hex::encode(Sha256::digest(&film)));

    let get = async |file: &str, range: Option<&str>| {
        let request = stage.desk(Method::GET, &format!("{place}/{file}"), &token);
        let request = range
            .map_or_else(|| request.try_clone().unwrap(), |range| request.try_clone().unwrap().header("range", range));
        request.send().await.unwrap()
    };
    let whole = get("proxy.mp4", None).await;
    assert_eq!((whole.status().as_u16(), header(&whole, "content-type")), (200, "video/mp4"));
    assert_eq!((header(&whole, "accept-ranges"), header(&whole, "cache-control")), ("bytes", "private, no-store"));
    assert_eq!(whole.bytes().await.unwrap(), film);
    let part = get("proxy.mp4", Some("bytes=1000-1999")).await;
    assert_eq!((part.status().as_u16(), header(&part, "content-range")), (206, "bytes 1000-1999/300000"));
    assert_eq!(part.bytes().await.unwrap(), film[1000..2000]);
    let end = get("proxy.mp4", Some("bytes=-10")).await;
    assert_eq!(end.bytes().await.unwrap(), film[FILM - 10..]);
    let beyond = get("proxy.mp4", Some("bytes=300000-")).await;
    assert_eq!((beyond.status().as_u16(), header(&beyond, "content-range")), (416, "bytes */300000"));
    assert_eq!(header(&get("storyboard.jpg", None).await, "content-type"), "image/jpeg");
    assert_eq!(header(&get("storyboard.vtt", None).await, "content-type"), "text/vtt; charset=utf-8");
    let other = stage.desk(Method::GET, &format!("{place}/source"), &token);
    assert_eq!(refusal(other).await, says(404, "route_unknown"));
}

#[tokio::test]
async fn what_was_withdrawn_is_not_looked_at_any_more() {
    let stage = Stage::new().await;
    let entry = stage.enter().await;
    stage.preview(&entry).await;
    let token = stage.token(Role::Screener, None).await;
    let place = format!("/api/v1/submissions/{}/preview/proxy.mp4", entry.id);
    assert_eq!(stage.desk(Method::GET, &place, &token).send().await.unwrap().status(), 200);
    assert!(stage.api(Method::DELETE, &entry).send().await.unwrap().status().is_success());
    assert_eq!(refusal(stage.desk(Method::GET, &place, &token)).await, says(404, "not_yet"));
}
