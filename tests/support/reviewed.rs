//! Works that wait for a reviewer, inserted directly: the rows and files of probe and screening, with a small film that
//! browsers play. No stage runs.
use std::path::Path;
use std::sync::OnceLock;

use pipeline::catalogue::Catalogue;
use pipeline::id::{Fence, SubmissionId};
use pipeline::media_info::MediaInfo;
use pipeline::object_key::{ObjectKey, PreviewFile};
use pipeline::screening::{self, ContestRules, Twin};
use pipeline::submission::{State, Submission};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use sqlx::types::Json;
use uuid::Uuid;

use super::{TestPipeline, clips, planted};

/// A film of twelve seconds with things to look at, as the probe measured it.
const MEDIA_INFO: &str = include_str!("reviewed/media_info.json");

/// Seconds of the film.
const SECONDS: usize = 12;

/// A work that waits for a reviewer: some seconds of its film are black, some are frozen, and some are silent.
pub(crate) async fn work(pipeline: &TestPipeline, title: &str, partners: &[&str]) -> Uuid {
    twin(pipeline, title, partners, Vec::new()).await
}

/// As [`work`], with other works that it resembles.
pub(crate) async fn twin(pipeline: &TestPipeline, title: &str, partners: &[&str], others: Vec<Twin>) -> Uuid {
    let id = planted::work(pipeline, title, partners).await;
    to_review(pipeline, id).await;
    measured(pipeline, id, others).await;
    preview(pipeline, id).await;
    id
}

/// Puts an inserted work back to its reviewer, without what is made after review.
pub(crate) async fn to_review(pipeline: &TestPipeline, id: Uuid) {
    for made in [
        "delete from parts where submission = $1 and stage = 'assemble'",
        "delete from renditions where submission = $1",
    ] {
        sqlx::query(made).bind(id).execute(pipeline.truth.pool()).await.expect("unmake what comes later");
    }
    let read = sqlx::query_scalar("select machine from submissions where id = $1").bind(id);
    let Json(machine): Json<Submission> = read.fetch_one(pipeline.truth.pool()).await.expect("the work's state");
    let machine = Submission { state: State::AwaitingReview, ..machine };
    let write = "update submissions set machine = $2, state = $3 where id = $1";
    let write = sqlx::query(write).bind(id).bind(Json(&machine)).bind(machine.state.name());
    write.execute(pipeline.truth.pool()).await.expect("put the work into review");
}

/// The measures of the probe, and the verdict of the demo contest's rules on them.
async fn measured(pipeline: &TestPipeline, id: Uuid, others: Vec<Twin>) {
    let info: MediaInfo = serde_json::from_str(MEDIA_INFO).expect("the planted film's measures");
    let verdict = screening::screen_among(&info, others, rules());
    let write = sqlx::query("update submissions set media_info = $2, verdict = $3 where id = $1");
    let write = write.bind(id).bind(Json(&info)).bind(Json(&verdict));
    write.execute(pipeline.truth.pool()).await.expect("plant what was measured");
}

/// The rules of the demo contest without the one on the length.
fn rules() -> &'static ContestRules {
    static RULES: OnceLock<ContestRules> = OnceLock::new();
    RULES.get_or_init(|| {
        let catalogue = Catalogue::builtin();
        let rules = &catalogue.contest(&"demo".into()).expect("the demo contest").rules;
        ContestRules { duration: None, ..rules.clone() }
    })
}

/// Proxy, storyboard and cues.
async fn preview(pipeline: &TestPipeline, id: Uuid) {
    let mut files = serde_json::Map::new();
    for (file, name) in PreviewFile::ALL.into_iter().zip(["proxy", "storyboard", "cues"]) {
        let bytes = made(pipeline.dir(), name);
        let key = ObjectKey::Preview(SubmissionId(id), 1, Fence(1), file).to_string();
        planted::put(pipeline, &key, &bytes);
        let sha256 = hex::encode(Sha256::digest(&bytes));
        files.insert(name.to_owned(), json!({ "key": key, "bytes": bytes.len(), "sha256": sha256 }));
    }
    let write = sqlx::query("insert into previews (submission, run, files) values ($1, 1, $2)");
    let write = write.bind(id).bind(Json(Value::Object(files)));
    write.execute(pipeline.truth.pool()).await.expect("plant a preview");
}

/// A file of every inserted preview; made once per test.
fn made(dir: &Path, name: &str) -> Vec<u8> {
    let size = "320x180";
    let picture = format!("testsrc2=size={size}:rate=25:duration={SECONDS}");
    let sound = format!("sine=frequency=330:sample_rate=48000:duration={SECONDS}");
    let (film, sheet) = (dir.join("proxy.mp4"), dir.join("storyboard.jpg"));
    match name {
        "proxy" => {
            if !film.exists() {
                let args = ["-f", "lavfi", "-i", &picture, "-f", "lavfi", "-i", &sound, "-movflags", "+faststart"];
                let codecs = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-c:a", "aac"];
                clips::ffmpeg(args.iter().chain(&codecs), &film);
            }
            std::fs::read(film)
        }
        "storyboard" => {
            if !sheet.exists() {
                let filter = format!("fps=1,scale=160:90,tile=4x{}", SECONDS / 4);
                let args = ["-f", "lavfi", "-i", &picture, "-vf", &filter, "-frames:v", "1", "-update", "1"];
                clips::ffmpeg(args.iter(), &sheet);
            }
            std::fs::read(sheet)
        }
        _ => {
            let cue = |n: usize| {
                let (x, y) = (n % 4 * 160, n / 4 * 90);
                format!("\n00:00:{n:02}.000 --> 00:00:{:02}.000\nstoryboard.jpg#xywh={x},{y},160,90\n", n + 1)
            };
            Ok(format!("WEBVTT\n{}", (0..SECONDS).map(cue).collect::<String>()).into_bytes())
        }
    }
    .expect("read what was made for the preview")
}
