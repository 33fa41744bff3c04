//! What is in a package, and that it is the same each time.
use chrono::DateTime;
use pipeline::id::SubmissionId;
use pipeline::rendition::QcOutcome;
use pipeline::submission::{Gate, Gates, Submission};
use runtime::outcome::StoredRendition;
use uuid::Uuid;

use super::*;

fn rendition() -> RenditionRow {
    let file = |key: &str, digit: &str| StoredFile { key: key.into(), bytes: 12, sha256: digit.repeat(64) };
    let check =
        QcCheck { check: "frame_count".into(), measured: "75".into(), limit: "75".into(), outcome: QcOutcome::Pass };
    RenditionRow {
        run: 1,
        name: "web-720".into(),
        rendition: StoredRendition {
            video: file("renditions/x/1/web-720/7.mp4", "a"),
            cover: Some(file("renditions/x/1/web-720/7.jpg", "c")),
            covers: vec![
                cover("16:9", &["guangming", "cctv"], file("renditions/x/1/web-720/7-cover-0.jpg", "d")),
                cover("3:4", &["douyin"], file("renditions/x/1/web-720/7-cover-1.jpg", "e")),
            ],
            comparison: Vec::new(),
            width: 1280,
            height: 720,
            duration_ms: 61_000,
            qc: vec![check],
            engine: "test".into(),
            artefact: None,
            reused_from: None,
        },
    }
}

fn cover(aspect: &str, partners: &[&str], file: StoredFile) -> StoredCover {
    let partners = partners.iter().map(|partner| PartnerId::new(*partner)).collect();
    let aspect = aspect.to_owned().try_into().unwrap();
    StoredCover { aspect, width: 1280, height: 720, max_bytes: None, at_ms: 40_200, partners, file }
}

#[test]
fn a_partner_gets_its_own_covers_and_they_are_described() {
    let files = build(&work(), &"cctv".into(), &[&rendition()]).unwrap();
    let names: Vec<String> = files.iter().map(|file| file.name.to_string()).collect();
    assert_eq!(names, ["web-720.mp4", "web-720.jpg", "cover-16x9.jpg", "metadata.json", "qc.json", "checksums.sha256"]);
    let Source::Made(metadata) = &files[3].source else { panic!("it is made") };
    let metadata: Value = serde_json::from_slice(metadata).unwrap();
    let [cover] = &metadata["covers"].as_array().unwrap()[..] else { panic!("{metadata}") };
    assert_eq!((&cover["file"], &cover["aspect"]), (&json!("cover-16x9.jpg"), &json!("16:9")));
}

fn work() -> SubmissionRow {
    SubmissionRow {
        id: SubmissionId(Uuid::nil()),
        receipt: None,
        contest: "demo".into(),
        machine: Submission::new(Gates { review: Gate::Manual, release: Gate::Manual }),
        title: "智造\n".into(),
        theme: "digital".into(),
        synopsis: String::new(),
        recommending_unit: String::new(),
        declarations: json!({"rights": true}),
        token_sha256: Vec::new(),
        mezzanine_upload: None,
        mezzanine_bytes: None,
        mezzanine_sha256: None,
        declared_sha256: None,
        media_info: None,
        verdict: None,
        plan: None,
        traceparent: None,
        cure: None,
        created_at: DateTime::UNIX_EPOCH,
        updated_at: DateTime::UNIX_EPOCH,
    }
}

#[test]
fn every_file_but_the_list_itself_is_in_the_checksums() {
    let files = build(&work(), &"cctv".into(), &[&rendition()]).unwrap();
    let Source::Made(list) = &files.last().unwrap().source else { panic!("the list is made") };
    let list = String::from_utf8(list.clone()).unwrap();
    assert_eq!(list.lines().count(), files.len() - 1);
    for file in &files[..files.len() - 1] {
        assert!(list.contains(&format!("{}  {}", file.sha256, file.name)), "{}", file.name);
    }
}

#[test]
fn a_package_without_a_rendition_is_refused() {
    assert!(build(&work(), &"cctv".into(), &[]).is_err());
}

#[test]
fn the_same_work_gives_the_same_bytes() {
    let digests = || {
        let files = build(&work(), &"cctv".into(), &[&rendition()]).unwrap();
        files.into_iter().map(|file| file.sha256).collect::<Vec<_>>()
    };
    assert_eq!(digests(), digests());
}
