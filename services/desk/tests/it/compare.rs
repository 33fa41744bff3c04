//! Renditions: stills side by side, what quality control measured, and who may download the files.
use pipeline::id::{Fence, SubmissionId};
use pipeline::object_key::{Compared, ObjectKey};
use runtime::store::people::tokens::Role;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::desk_browser::Browser;
use crate::stage::{Entry, Stage, bytes};

const FILM: usize = 200_000;

/// A finished file of the entry with one pair of stills.
async fn rendition(stage: &Stage, entry: &Entry) -> Vec<u8> {
    let id: SubmissionId = entry.id.parse().unwrap();
    let store = async |key: ObjectKey, content: Vec<u8>| -> Value {
        let (length, sha256) = (content.len(), hex::encode(Sha256::digest(&content)));
        stage.app.objects.put_bytes(&key, content).await.unwrap();
        json!({ "key": key.to_string(), "bytes": length, "sha256": sha256 })
    };
    let film = bytes(FILM);
    let video = store(ObjectKey::Rendition(id, 1, "web-720".into(), Fence(3)), film.clone()).await;
    let still = |of| ObjectKey::Comparison(id, 1, "web-720".into(), Fence(3), 0, of);
    let source = store(still(Compared::Source), b"\xff\xd8\xffsource".to_vec()).await;
    let shown = store(still(Compared::Rendition), b"\xff\xd8\xffrendition".to_vec()).await;
    let pair = json!({
        "frame": 75, "at_ms": 3000, "width": 1280, "height": 720, "ssim": 0.9714, "source": source, "rendition": shown,
    });
    let qc = json!([
        { "check": "loudness_lufs", "measured": "-15.2", "limit": "-15 ± 2", "outcome": "pass" },
        { "check": "a_new_check", "measured": "1", "limit": "2", "outcome": "invalid" },
    ]);
    let (key, sha256) = (video["key"].as_str().unwrap(), video["sha256"].as_str().unwrap());
    let file = format!("'{key}', {FILM}, '\\x{sha256}'");
    stage
        .execute(format!(
            "insert into renditions (submission, run, name, object_key, bytes, sha256, width, height, duration_ms, qc, engine,
                in_force, comparison)
            values ('{id}', 1, 'web-720', {file}, 1280, 720, 61000, '{qc}', 'reelmill test', true, '[{pair}]')"
        ))
        .await;
    film
}

#[tokio::test]
async fn a_reviewer_sees_both_frames_and_what_was_measured() {
    let stage = Stage::new().await;
    let entry = stage.enter().await;
    rendition(&stage, &entry).await;
    let screener = Browser::within(&stage, Role::Screener, "demo").await;
    let path = format!("/works/{}/compare/web-720", entry.id);
    let page = screener.page(&path).await;
    for shown in
        ["SSIM 0.971", "响度（LUFS）", "-15 ± 2", "a_new_check", "测量无效", "/0-source.jpg\"", "/0-rendition.jpg\""]
    {
        assert!(page.contains(shown), "{shown}: {page}");
    }
    assert!(!page.contains("/renditions/web-720.mp4"), "a screener takes nothing away");
    assert!(!page.contains("style="));
    let still = screener.get(&format!("{path}/0-source.jpg")).send().await.unwrap();
    assert_eq!(still.status(), 200);
    assert_eq!(still.headers()["content-type"], "image/jpeg");
    assert_eq!(still.bytes().await.unwrap(), &b"\xff\xd8\xffsource"[..]);
    for wrong in ["0-other.jpg", "1-source.jpg", "0-source.png", "x-source.jpg", "source"] {
        assert_eq!(screener.open(&format!("{path}/{wrong}")).await.status, 404, "{wrong}");
    }
    assert_eq!(screener.open(&format!("/works/{}/compare/master-1080", entry.id)).await.status, 404);
}

#[tokio::test]
async fn carriers_download_files_only_within_their_contest_and_session() {
    let stage = Stage::new().await;
    let entry = stage.enter().await;
    let film = rendition(&stage, &entry).await;
    let organiser = Browser::within(&stage, Role::Organiser, "demo").await;
    let page = organiser.page(&format!("/works/{}/compare/web-720", entry.id)).await;
    let path = format!("/works/{}/renditions/web-720.mp4", entry.id);
    assert!(page.contains(&path), "{page}");
    let answer = organiser.get(&path).send().await.unwrap();
    assert_eq!(answer.headers()["content-disposition"], "attachment; filename=\"web-720.mp4\"");
    assert_eq!(answer.bytes().await.unwrap(), film);
    let part = organiser.get(&path).header("range", "bytes=100-199").send().await.unwrap();
    assert_eq!((part.status().as_u16(), part.bytes().await.unwrap().len()), (206, 100));
    assert_eq!(
        organiser.open(&format!("/works/{}/renditions/web-720.jpg", entry.id)).await.status,
        404,
        "it has no cover"
    );
    let screener = Browser::within(&stage, Role::Screener, "demo").await;
    assert_eq!(screener.open(&path).await.status, 403);
    let stranger = Browser::within(&stage, Role::Organiser, "industry-power-2024").await;
    assert_eq!(stranger.open(&path).await.status, 404);
    // The link does not work without the session.
    stage.execute("update sessions set ended_at = clock_timestamp(), ended_why = 'signed_out'".into()).await;
    assert_eq!(organiser.get(&path).send().await.unwrap().status(), 303);
}
