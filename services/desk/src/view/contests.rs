//! The contests of the catalogue: what can be entered, until when, which partners receive it, and as which files.
use chrono::{DateTime, FixedOffset, Utc};
use pipeline::catalogue::{Catalogue, Contest as Called, Rung};
use pipeline::id::RenditionName;
use pipeline::submission::Gate;
use serde::Serialize;
use utoipa::ToSchema;

use crate::Desk;
use crate::act::Caller;

/// One contest.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Contest {
    /// Its id.
    pub id: String,
    /// Its name in Chinese.
    pub zh: String,
    /// Its name in English.
    pub en: String,
    /// Whether uploads may start now.
    pub open: bool,
    /// The time from which uploads may start; immediately if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub opens_at: Option<DateTime<FixedOffset>>,
    /// The time before which uploads must start; no limit if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deadline: Option<DateTime<FixedOffset>>,
    /// The time before which an upload that started in time must be complete.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub finish_before: Option<DateTime<Utc>>,
    /// When accepted works must be live.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub publish_by: Option<DateTime<FixedOffset>>,
    /// Largest film, bytes.
    pub max_upload_bytes: u64,
    /// Whether a person decides about each work that passed screening.
    pub review_by_hand: bool,
    /// Whether a person releases each finished work.
    pub release_by_hand: bool,
    /// What a work may be about.
    pub themes: Vec<ThemeOf>,
    /// Who gets the accepted works, in the order of the call.
    pub partners: Vec<String>,
    /// The files that these partners choose from, by name.
    pub ladder: Vec<RungOf>,
}

/// A theme.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ThemeOf {
    /// As filters and forms name it.
    pub id: String,
    /// Chinese.
    pub zh: String,
    /// English.
    pub en: String,
}

/// A rung of the ladder.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct RungOf {
    /// Its name, such as `social-1080`.
    pub name: String,
    /// Short side of the picture, pixels; less where the source has less.
    pub short_side: u32,
    /// Cap on the bitrate of the picture, kbit/s.
    pub max_bitrate_kbps: u32,
    /// Bitrate of the sound, kbit/s.
    pub audio_bitrate_kbps: u32,
    /// Target of the integrated loudness, LUFS.
    pub loudness_lufs: f64,
    /// Which partners of the contest get it.
    pub partners: Vec<String>,
}

/// The contests that the caller may see, by id.
pub fn contests(desk: &Desk, caller: &Caller) -> Vec<Contest> {
    let now = desk.clock.now();
    let seen = |contest: &&Called| caller.sees.includes(&contest.id);
    desk.catalogue.contests.values().filter(seen).map(|contest| Contest::of(contest, &desk.catalogue, now)).collect()
}

impl Contest {
    fn of(contest: &Called, catalogue: &Catalogue, now: DateTime<Utc>) -> Self {
        let rung = |(name, rung): (&RenditionName, &Rung)| RungOf {
            name: name.to_string(),
            short_side: rung.short_side,
            max_bitrate_kbps: rung.max_bitrate_kbps,
            audio_bitrate_kbps: rung.audio_bitrate_kbps,
            loudness_lufs: rung.loudness_lufs,
            partners: catalogue
                .partners_of(contest)
                .into_iter()
                .filter(|partner| partner.rungs.contains(name))
                .map(|partner| partner.id.to_string())
                .collect(),
        };
        let theme =
            |it: &pipeline::catalogue::Theme| ThemeOf { id: it.id.clone(), zh: it.zh.clone(), en: it.en.clone() };
        Self {
            id: contest.id.to_string(),
            zh: contest.name.zh.clone(),
            en: contest.name.en.clone(),
            open: contest.accepts(now),
            opens_at: contest.opens_at,
            deadline: contest.deadline,
            finish_before: contest.latest_finish(),
            publish_by: contest.publish_by,
            max_upload_bytes: contest.max_upload_bytes,
            review_by_hand: contest.gates.review == Gate::Manual,
            release_by_hand: contest.gates.release == Gate::Manual,
            themes: contest.themes.iter().map(theme).collect(),
            partners: contest.partners.iter().map(ToString::to_string).collect(),
            ladder: catalogue.ladders.rungs.iter().map(rung).filter(|rung| !rung.partners.is_empty()).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_contest_shows_its_themes_and_only_rungs_that_its_partners_get() {
        let catalogue = Catalogue::builtin();
        for contest in catalogue.contests.values() {
            let shown = Contest::of(contest, &catalogue, DateTime::UNIX_EPOCH);
            assert_eq!(shown.themes.len(), contest.themes.len());
            let got = |rung: &RungOf| rung.partners.iter().all(|it| shown.partners.contains(it));
            assert!(!shown.ladder.is_empty() && shown.ladder.iter().all(got), "{shown:?}");
        }
    }
}
