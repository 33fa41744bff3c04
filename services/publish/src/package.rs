//! The package: the files that one partner gets of one work, with their description and proof. Nothing is sent here.
use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};
use pipeline::id::PartnerId;
use pipeline::object_key::BagFile;
use pipeline::rendition::QcCheck;
use runtime::outcome::{StoredCover, StoredFile};
use runtime::store::renditions::RenditionRow;
use runtime::store::submissions::SubmissionRow;
use serde::Serialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// One file of a package.
#[derive(Clone, Debug)]
pub struct PackageFile {
    /// Its name in the partner's folder.
    pub name: BagFile,
    /// The source of its bytes.
    pub source: Source,
    /// Size in bytes.
    pub bytes: u64,
    /// SHA-256 in lower-case hex.
    pub sha256: String,
}

/// The source of a package file's bytes.
#[derive(Clone, Debug)]
pub enum Source {
    /// An object in our bucket, by its key.
    Stored(String),
    /// Text generated for this package.
    Made(Vec<u8>),
}

/// Builds the package for a partner: renditions, each with a picture of it, the covers that the partner requires
/// (`cover-16x9.jpg` and the like), `metadata.json`, `qc.json` and last `checksums.sha256`, which lists all others.
///
/// # Errors
/// When there is no rendition, or a name cannot be a file's.
pub fn build(work: &SubmissionRow, partner: &PartnerId, renditions: &[&RenditionRow]) -> Result<Vec<PackageFile>> {
    ensure!(!renditions.is_empty(), "a package of {} would hold no rendition", work.id);
    let mut files = Vec::new();
    for RenditionRow { name, rendition, .. } in renditions {
        files.push(stored(&format!("{name}.mp4"), &rendition.video)?);
        if let Some(cover) = &rendition.cover {
            files.push(stored(&format!("{name}.jpg"), cover)?);
        }
    }
    for cover in covers(partner, renditions) {
        files.push(stored(&cover_name(cover), &cover.file)?);
    }
    files.push(made("metadata.json", pretty(&metadata(work, partner, renditions))?)?);
    let qc: BTreeMap<&str, &Vec<QcCheck>> = renditions.iter().map(|r| (r.name.as_str(), &r.rendition.qc)).collect();
    files.push(made("qc.json", pretty(&qc)?)?);
    let checksums = files.iter().map(|file| format!("{}  {}\n", file.sha256, file.name)).collect::<String>();
    files.push(made("checksums.sha256", checksums.into_bytes())?);
    Ok(files)
}

/// The covers that were made for a partner.
pub fn covers<'a>(
    partner: &PartnerId,
    renditions: &[&'a RenditionRow],
) -> impl Iterator<Item = &'a StoredCover> + use<'a> {
    let covers: Vec<&StoredCover> = renditions
        .iter()
        .flat_map(|row| &row.rendition.covers)
        .filter(|cover| cover.partners.contains(partner))
        .collect();
    covers.into_iter()
}

/// A cover's name in the package: a partner requires each shape once.
pub fn cover_name(cover: &StoredCover) -> String {
    format!("cover-{}.jpg", cover.aspect.in_names())
}

/// The description for the partner's editors: the entrant's texts, no personal data.
fn metadata(work: &SubmissionRow, partner: &PartnerId, renditions: &[&RenditionRow]) -> Value {
    let files: Vec<Value> = renditions
        .iter()
        .map(|RenditionRow { name, rendition, .. }| {
            json!({
                "rendition": name, "file": format!("{name}.mp4"), "bytes": rendition.video.bytes,
                "sha256": rendition.video.sha256, "width": rendition.width, "height": rendition.height,
                "duration_ms": rendition.duration_ms, "cover": rendition.cover.as_ref().map(|_| format!("{name}.jpg")),
                "engine": rendition.engine,
            })
        })
        .collect();
    let covers: Vec<Value> = covers(partner, renditions)
        .map(|cover| {
            json!({
                "file": cover_name(cover), "aspect": cover.aspect, "width": cover.width, "height": cover.height,
                "bytes": cover.file.bytes, "sha256": cover.file.sha256, "at_ms": cover.at_ms,
            })
        })
        .collect();
    json!({
        "submission": work.id, "run": work.machine.run, "contest": work.contest, "title": work.title,
        "theme": work.theme, "synopsis": work.synopsis, "recommending_unit": work.recommending_unit,
        "declarations": work.declarations, "aigc": work.media_info.as_ref().and_then(|info| info.aigc.as_ref()),
        "renditions": files, "covers": covers,
    })
}

fn stored(name: &str, file: &StoredFile) -> Result<PackageFile> {
    let source = Source::Stored(file.key.clone());
    Ok(PackageFile { name: file_name(name)?, source, bytes: file.bytes, sha256: file.sha256.clone() })
}

/// A generated text file of the package.
pub(crate) fn made(name: &str, content: Vec<u8>) -> Result<PackageFile> {
    let sha256 = hex::encode(Sha256::digest(&content));
    Ok(PackageFile { name: file_name(name)?, bytes: content.len() as u64, sha256, source: Source::Made(content) })
}

fn file_name(name: &str) -> Result<BagFile> {
    BagFile::new(name).with_context(|| format!("{name:?} cannot be a file's name in a package"))
}

fn pretty(value: &impl Serialize) -> Result<Vec<u8>> {
    let mut text = serde_json::to_vec_pretty(value).context("could not write a package's JSON")?;
    text.push(b'\n');
    Ok(text)
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use pipeline::id::SubmissionId;
    use pipeline::rendition::QcOutcome;
    use pipeline::submission::{Gate, Gates, Submission};
    use runtime::outcome::StoredRendition;
    use uuid::Uuid;

    use super::*;

    fn rendition() -> RenditionRow {
        let file = |key: &str, digit: &str| StoredFile { key: key.into(), bytes: 12, sha256: digit.repeat(64) };
        let check = QcCheck {
            check: "frame_count".into(),
            measured: "75".into(),
            limit: "75".into(),
            outcome: QcOutcome::Pass,
        };
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
        assert_eq!(
            names,
            ["web-720.mp4", "web-720.jpg", "cover-16x9.jpg", "metadata.json", "qc.json", "checksums.sha256"]
        );
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
}
