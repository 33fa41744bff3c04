//! Finished works, inserted directly: rows and files as the pipeline leaves them at the release gate, without any media
//! work. For tests of the steps after it.
use std::collections::BTreeMap;
use std::os::unix::fs::FileExt as _;

use pipeline::id::{Fence, PartnerId, RenditionName, SubmissionId};
use pipeline::media_info::{FieldOrder, Ratio, Transfer};
use pipeline::object_key::ObjectKey;
use pipeline::part::Part;
use pipeline::rendition::{Picture, Plan, PlannedRendition, QcCheck, QcOutcome, VideoSource};
use pipeline::screening::Aspect;
use pipeline::stage::Stage;
use pipeline::submission::{Gate, Gates, State, Submission, Work};
use runtime::outcome::{StoredCover, StoredFile};
use serde_json::json;
use sha2::{Digest, Sha256};
use sqlx::types::Json;
use uuid::Uuid;

use super::TestPipeline;
use super::catalogue::{CONTEST, COVERS, RUNGS, THEME};

/// The one rendition of every inserted work.
pub(crate) const RENDITION: &str = RUNGS[0];

/// Bytes of a small inserted film.
const SMALL_BYTES: u64 = 40_000;

/// Distance between marks in an inserted work's picture, which make any two sections differ: one mebibyte.
const MARK_EVERY: u64 = 1024 * 1024;

/// Display size of every inserted rendition, and of its cover.
const SIZE: (u32, u32) = (1920, 1080);

/// A finished work that waits for its release to `partners`, with a film of 40 kB.
pub(crate) async fn work(pipeline: &TestPipeline, title: &str, partners: &[&str]) -> Uuid {
    film(pipeline, title, partners, SMALL_BYTES).await
}

/// As [`work`], with a film of `bytes`. It is a sparse file with marks, so it costs little disk; only on the embedded store.
pub(crate) async fn film(pipeline: &TestPipeline, title: &str, partners: &[&str], bytes: u64) -> Uuid {
    let id = SubmissionId(Uuid::now_v7());
    let name = RenditionName::new(RENDITION);
    let (video, cover) = (
        ObjectKey::Rendition(id, 1, name.clone(), Fence(1)).to_string(),
        ObjectKey::Cover(id, 1, name.clone(), Fence(1)).to_string(),
    );
    let video_sha256 = put_film(pipeline, &video, id.0, bytes);
    let picture = jpeg(SIZE.0 as u16, SIZE.1 as u16);
    put(pipeline, &cover, &picture);
    let covers = covers(pipeline, id, partners);
    migrate(pipeline).await;
    insert_submission(pipeline, id, title, partners).await;
    insert_parts(pipeline, id, &name).await;
    let qc = [QcCheck {
        check: "frame_count".into(),
        measured: "3000".into(),
        limit: "3000".into(),
        outcome: QcOutcome::Pass,
    }];
    sqlx::query(
        "insert into renditions (submission, run, name, object_key, bytes, sha256, cover_key, cover_bytes, cover_sha256, width,
            height, duration_ms, qc, engine, in_force, covers)
        values ($1, 1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 120000, $11, 'planted', true, $12)",
    )
    .bind(id.0)
    .bind(name.as_str())
    .bind(video)
    .bind(bytes as i64)
    .bind(video_sha256)
    .bind(cover)
    .bind(picture.len() as i64)
    .bind(Sha256::digest(&picture).to_vec())
    .bind(SIZE.0 as i32)
    .bind(SIZE.1 as i32)
    .bind(Json(qc))
    .bind(Json(covers))
    .execute(pipeline.truth.pool())
    .await
    .expect("plant a rendition");
    id.0
}

/// The covers that these partners require, inserted.
fn covers(pipeline: &TestPipeline, id: SubmissionId, partners: &[&str]) -> Vec<StoredCover> {
    // The adapter of Bilibili sends one, whatever the catalogue says.
    let wishes = COVERS.into_iter().chain([("bilibili", "16:10", 1146)]);
    let mut covers = Vec::new();
    for (place, (partner, aspect, width)) in wishes.enumerate().filter(|(_, wish)| partners.contains(&wish.0)) {
        let key = ObjectKey::PartnerCover(id, 1, RenditionName::new(RENDITION), Fence(1), place as u32).to_string();
        let aspect: Aspect = aspect.to_owned().try_into().expect("an aspect");
        let height = width * aspect.height / aspect.width;
        let picture = jpeg(width as u16, height as u16);
        put(pipeline, &key, &picture);
        let (bytes, sha256) = (picture.len() as u64, hex::encode(Sha256::digest(&picture)));
        let partners = vec![PartnerId::new(partner)];
        covers.push(StoredCover {
            aspect,
            width,
            height,
            max_bytes: None,
            at_ms: 0,
            partners,
            file: StoredFile { key, bytes, sha256 },
        });
    }
    covers
}

/// The file of an inserted film, for comparison with what arrived elsewhere.
pub(crate) fn film_path(pipeline: &TestPipeline, id: Uuid) -> std::path::PathBuf {
    let key = ObjectKey::Rendition(SubmissionId(id), 1, RenditionName::new(RENDITION), Fence(1)).to_string();
    object_path(pipeline, &key)
}

/// A grey JPEG of this size in pixels: one table of each kind, and for each block two bits of zeros.
pub(crate) fn jpeg(width: u16, height: u16) -> Vec<u8> {
    let mut bytes = vec![0xff, 0xd8, 0xff, 0xe0, 0, 16];
    bytes.extend(b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0");
    bytes.extend([0xff, 0xdb, 0, 67, 0]);
    bytes.extend([1; 64]);
    bytes.extend([0xff, 0xc0, 0, 11, 8]);
    bytes.extend(height.to_be_bytes());
    bytes.extend(width.to_be_bytes());
    bytes.extend([1, 1, 0x11, 0]);
    for class in [0x00, 0x10] {
        bytes.extend([0xff, 0xc4, 0, 20, class, 1]);
        bytes.extend([0; 16]);
    }
    bytes.extend([0xff, 0xda, 0, 8, 1, 1, 0, 0, 63, 0]);
    let blocks = usize::from(width.div_ceil(8)) * usize::from(height.div_ceil(8));
    bytes.extend(vec![0; (blocks * 2).div_ceil(8)]);
    bytes.extend([0xff, 0xd9]);
    bytes
}

async fn migrate(pipeline: &TestPipeline) {
    if pipeline.truth.count("select count(*) from pg_tables where tablename = 'renditions'").await == 0 {
        pipeline.command(&["migrate"]).await.exits(0);
    }
}

async fn insert_submission(pipeline: &TestPipeline, id: SubmissionId, title: &str, partners: &[&str]) {
    let partners: Vec<PartnerId> = partners.iter().map(|partner| PartnerId::new(*partner)).collect();
    let work = Work {
        segments: 0,
        audio: false,
        renditions: [RenditionName::new(RENDITION)].into(),
        partners: partners.iter().cloned().collect(),
        ..Work::default()
    };
    let gates = Gates { review: Gate::Manual, release: Gate::Manual };
    let machine = Submission { state: State::AwaitingRelease, work, ..Submission::new(gates) };
    let declarations = json!({ "originality": true, "rights": true, "ai_use": "none" });
    sqlx::query(
        "insert into submissions (id, contest, machine, state, run, title, theme, synopsis, recommending_unit, declarations,
            token_sha256, plan)
        values ($1, $2, $3, $4, 1, $5, $6, '一部测试短片', '测试单位', $7, $8, $9)",
    )
    .bind(id.0)
    .bind(CONTEST)
    .bind(Json(&machine))
    .bind(machine.state.name())
    .bind(title)
    .bind(THEME)
    .bind(declarations)
    .bind(Sha256::digest(id.0.as_bytes()).to_vec())
    .bind(Json(plan(partners)))
    .execute(pipeline.truth.pool())
    .await
    .expect("plant a submission");
}

/// The parts of the stages that the work has passed.
async fn insert_parts(pipeline: &TestPipeline, id: SubmissionId, rendition: &RenditionName) {
    let done = [
        (Stage::Probe, Part::Mezzanine),
        (Stage::Screen, Part::Mezzanine),
        (Stage::Assemble, Part::Rendition(rendition.clone())),
    ];
    for (stage, part) in done {
        let query = "insert into parts (submission, run, stage, part, status) values ($1, 1, $2, $3, 'done')";
        let query = sqlx::query(query).bind(id.0).bind(stage.name()).bind(part.to_string());
        query.execute(pipeline.truth.pool()).await.expect("plant a part");
    }
}

fn plan(partners: Vec<PartnerId>) -> Plan {
    let picture = Picture {
        stream: 0,
        rotation_degrees: 0,
        mirrored: false,
        field_order: FieldOrder::Progressive,
        transfer: Transfer::Sdr,
        matrix: "bt709".into(),
        full_range: false,
        frame_rate: Ratio::new(25, 1),
        frames: 3000,
        lead_frames: 0,
        hold_frames: 0,
        entry_points: None,
    };
    let rendition = PlannedRendition {
        name: RenditionName::new(RENDITION),
        video: VideoSource::Copied,
        audio: None,
        partners: partners.clone(),
        width: SIZE.0,
        height: SIZE.1,
        because: Vec::new(),
        covers: Vec::new(),
    };
    Plan {
        picture,
        segments: Vec::new(),
        videos: Vec::new(),
        audios: Vec::new(),
        renditions: vec![rendition],
        partners,
        effort_ms: BTreeMap::new(),
    }
}

/// Writes a sparse film with marks directly into the embedded store's directory, and returns its digest.
fn put_film(pipeline: &TestPipeline, key: &str, id: Uuid, bytes: u64) -> Vec<u8> {
    let path = object_path(pipeline, key);
    std::fs::create_dir_all(path.parent().expect("objects lie in folders")).expect("the object's folder");
    let file = std::fs::File::create(&path).expect("plant a film");
    file.set_len(bytes).expect("plant a long film");
    for at in (0..bytes).step_by(MARK_EVERY as usize) {
        let mark = [id.as_bytes().as_slice(), &at.to_be_bytes()].concat();
        file.write_all_at(&mark[..mark.len().min((bytes - at) as usize)], at).expect("mark the film");
    }
    let mut digest = Sha256::new();
    let mut file = std::fs::File::open(&path).expect("read the film");
    std::io::copy(&mut file, &mut digest).expect("read the film");
    digest.finalize().to_vec()
}

/// Writes an object directly into the embedded store's directory.
pub(crate) fn put(pipeline: &TestPipeline, key: &str, bytes: &[u8]) {
    let path = object_path(pipeline, key);
    std::fs::create_dir_all(path.parent().expect("objects lie in folders")).expect("the object's folder");
    std::fs::write(path, bytes).expect("plant an object");
}

fn object_path(pipeline: &TestPipeline, key: &str) -> std::path::PathBuf {
    pipeline.dir().join("s3").join(&pipeline.store.ours.bucket).join(key)
}
