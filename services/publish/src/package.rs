//! The package: the files that one partner gets of one work, with their description and proof. Nothing is sent here.
use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};
use pipeline::id::PartnerId;
use pipeline::object_key::BagFile;
use pipeline::rendition::QcCheck;
use runtime::outcome::{StoredCover, StoredFile};
use runtime::store::files::renditions::RenditionRow;
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
mod tests;
