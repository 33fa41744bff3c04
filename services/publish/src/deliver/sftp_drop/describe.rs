//! The ADI description of a package: what it needs of each file, and its text.
use anyhow::{Context, Result, ensure};
use md5::{Digest, Md5};
use runtime::store::files::renditions::RenditionRow;

use super::adi::{Adi, Essence};
use super::session::Session;
use crate::package::{self, PackageFile, Source};
use crate::task::Task;

/// The provider's domain if the partner's settings name no other.
const PROVIDER_ID: &str = "reelmill.invalid";

/// The description of these files.
pub(super) async fn describe(task: &Task<'_>, files: &[PackageFile], session: &Session) -> Result<String> {
    let work = &task.job.submission;
    let rows = task.tools.store.renditions(work.id).await?;
    let (mut movies, mut posters) = (Vec::new(), Vec::new());
    for row in &rows {
        let Some(video) = files.iter().find(|file| file.sha256 == row.rendition.video.sha256) else { continue };
        let cover = row.rendition.cover.as_ref();
        let cover = cover.and_then(|cover| files.iter().find(|file| file.sha256 == cover.sha256));
        for (file, to) in [(Some(video), &mut movies), (cover, &mut posters)] {
            let Some(file) = file else { continue };
            let (name, size) = (file.name.to_string(), (row.rendition.width, row.rendition.height));
            to.push(essence(session, name, file.bytes, size, row.rendition.duration_ms)?);
        }
    }
    let rows: Vec<&RenditionRow> = rows.iter().collect();
    for cover in package::covers(&task.partner.id, &rows) {
        let (name, size) = (package::cover_name(cover), (cover.width, cover.height));
        posters.push(essence(session, name, cover.file.bytes, size, 0)?);
    }
    ensure!(!movies.is_empty(), "the package of {} holds no rendition that is in force", work.id);
    let contest = task.tools.catalogue.contest(&work.contest);
    let (texts, theme) = (task.texts(), task.theme());
    let provider_id = task.optional_secret("ADI_PROVIDER_ID")?.unwrap_or_else(|| PROVIDER_ID.to_owned());
    let adi = Adi {
        submission: work.id,
        run: task.machine().run,
        provider: contest.map_or("Reelmill", |contest| &contest.name.zh),
        provider_id: provider_id.trim(),
        title: &texts.title,
        synopsis: &texts.text,
        category: &theme,
        entered: work.created_at.date_naive(),
        movies,
        posters,
    };
    Ok(adi.write())
}

/// One file of the description; its size is width and height.
fn essence(
    session: &Session,
    file: String,
    bytes: u64,
    (width, height): (u32, u32),
    duration_ms: u64,
) -> Result<Essence> {
    let md5 = session.md5.get(&file).with_context(|| format!("{file} was not read for its checksum"))?.clone();
    Ok(Essence { file, bytes, md5, width, height, duration_ms })
}

/// Whether ADI requires a checksum of this file that we do not store.
pub(super) fn needs_md5(task: &Task<'_>, file: &PackageFile) -> bool {
    task.partner.adi_sidecar && matches!(file.source, Source::Stored(_))
}

/// The MD5 of a file.
pub(super) async fn md5_of(path: std::path::PathBuf) -> Result<String> {
    use std::io::Read as _;
    let hashed = tokio::task::spawn_blocking(move || -> std::io::Result<String> {
        let (mut file, mut hash) = (std::fs::File::open(path)?, Md5::new());
        let mut batch = vec![0; 1024 * 1024];
        loop {
            let read = file.read(&mut batch)?;
            if read == 0 {
                return Ok(hex::encode(hash.finalize()));
            }
            hash.update(&batch[..read]);
        }
    });
    hashed.await.context("hash a file")?.context("hash a file")
}
