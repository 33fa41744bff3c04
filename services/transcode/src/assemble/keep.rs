//! Stores what was assembled, under the keys of the claim.
use anyhow::{Context, Result};
use media::protocol::CoversReport;
use pipeline::object_key::{Compared, ObjectKey};
use pipeline::rendition::PlannedRendition;
use runtime::objects::Objects;
use runtime::outcome::{StoredComparison, StoredCover, StoredFile, StoredRendition};
use runtime::scratch::Left;
use runtime::worker::Job;

use crate::answer::{Cut, Pair};
use crate::assembly::Assembled;

/// Where the files of one part go.
pub(super) struct Keep<'a> {
    pub(super) objects: &'a Objects,
    pub(super) job: &'a Job,
    pub(super) rendition: &'a PlannedRendition,
}

impl Keep<'_> {
    /// Stores everything. `artefact` is the rendition's address, if it has one.
    pub(super) async fn all(&self, made: Assembled, artefact: Option<String>) -> Result<StoredRendition> {
        let key =
            ObjectKey::Rendition(self.job.submission.id, self.job.run, self.rendition.name.clone(), self.job.fence);
        let video = self.put(&key, &made.video).await?;
        let (cover, covers) = self.covers(&made.covers, &made.cut).await?;
        let comparison = self.pairs(&made.pairs).await?;
        let info = made.qc.info;
        Ok(StoredRendition {
            video,
            cover: Some(cover),
            covers,
            comparison,
            width: info.video.display_width,
            height: info.video.display_height,
            duration_ms: info.duration_ms,
            qc: made.qc.checks,
            engine: media::engine(),
            artefact,
            reused_from: None,
        })
    }

    /// Stores what was cut: the whole picture, and the partners' covers.
    pub(super) async fn covers(&self, report: &CoversReport, cut: &Cut) -> Result<(StoredFile, Vec<StoredCover>)> {
        let (run, fence) = (self.job.run, self.job.fence);
        let (id, name) = (self.job.submission.id, &self.rendition.name);
        let whole = self.put(&ObjectKey::Cover(id, run, name.clone(), fence), &cut.whole).await?;
        let mut covers = Vec::new();
        let made = report.covers.iter().zip(&cut.covers);
        for (place, (planned, (made, file))) in self.rendition.covers.iter().zip(made).enumerate() {
            let key = ObjectKey::PartnerCover(id, run, name.clone(), fence, place as u32);
            covers.push(StoredCover {
                aspect: planned.aspect,
                width: made.width,
                height: made.height,
                max_bytes: planned.max_bytes,
                at_ms: made.at_ms,
                partners: planned.partners.clone(),
                file: self.put(&key, file).await?,
            });
        }
        Ok((whole, covers))
    }

    /// Stores the stills of source and rendition.
    async fn pairs(&self, pairs: &[Pair]) -> Result<Vec<StoredComparison>> {
        let mut stored = Vec::new();
        for (place, pair) in pairs.iter().enumerate() {
            let key = |of| {
                let name = self.rendition.name.clone();
                ObjectKey::Comparison(self.job.submission.id, self.job.run, name, self.job.fence, place as u32, of)
            };
            stored.push(StoredComparison {
                frame: pair.frame,
                at_ms: pair.at_ms,
                width: pair.width,
                height: pair.height,
                ssim: pair.ssim,
                source: self.put(&key(Compared::Source), &pair.source).await?,
                rendition: self.put(&key(Compared::Rendition), &pair.rendition).await?,
            });
        }
        Ok(stored)
    }

    async fn put(&self, key: &ObjectKey, file: &Left) -> Result<StoredFile> {
        self.objects.put_left(key, file).await.with_context(|| format!("store {key}"))
    }
}
