//! What the catalogue says about a partner.
use pipeline::id::PartnerId;
use pipeline::partner::{Limits, Partner, Sourced};
use serde::Serialize;

/// What the catalogue says about a partner.
#[derive(Clone, Debug, Serialize)]
pub struct PartnerFacts {
    /// Its id.
    pub id: String,
    /// Its name in Chinese.
    pub zh: String,
    /// Its name in English.
    pub en: String,
    /// Its method.
    pub method: &'static str,
    /// Its own sites; empty if not known.
    pub sites: Vec<String>,
    /// Hours of the day in Beijing in which works are published, `[from, to)`.
    pub hours: Option<(u32, u32)>,
    /// Hours within which a recall must be proven.
    pub recall_within_hours: u32,
    /// What its pages accept.
    pub limits: TextLimits,
    /// Aspect ratios and widths in pixels of the covers that it asks for.
    pub covers: Vec<(String, u32)>,
}

/// What a partner's pages accept, in characters; absent if not known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct TextLimits {
    /// Shortest title.
    pub title_min: Option<u32>,
    /// Longest title.
    pub title_max: Option<u32>,
    /// Longest description.
    pub text_max: Option<u32>,
    /// The most tags.
    pub tags_max: Option<u32>,
    /// All tags together.
    pub tags_max_chars: Option<u32>,
}

/// A partner that is no longer in the catalogue is shown by its id.
pub(super) fn facts(id: &PartnerId, known: Option<&Partner>) -> PartnerFacts {
    PartnerFacts {
        id: id.to_string(),
        zh: known.map_or_else(|| id.to_string(), |it| it.name.zh.clone()),
        en: known.map_or_else(|| id.to_string(), |it| it.name.en.clone()),
        method: known.map_or("unknown", |it| it.method.name()),
        sites: known.map(|it| it.sites.clone()).unwrap_or_default(),
        hours: known.and_then(|it| it.window).map(|it| (it.from_hour, it.to_hour)),
        recall_within_hours: known.map_or(24, |it| it.recall_within_h),
        limits: known.map(|it| limits(&it.limits)).unwrap_or_default(),
        covers: known
            .map(|it| it.covers.iter().map(|cover| (cover.aspect.to_string(), cover.width_pixels)).collect())
            .unwrap_or_default(),
    }
}

fn limits(limits: &Limits) -> TextLimits {
    let value = |it: &Option<Sourced<u32>>| it.as_ref().map(|it| it.value);
    TextLimits {
        title_min: value(&limits.title_min_chars),
        title_max: value(&limits.title_max_chars),
        text_max: value(&limits.text_max_chars),
        tags_max: value(&limits.tags_max),
        tags_max_chars: value(&limits.tags_max_chars),
    }
}
