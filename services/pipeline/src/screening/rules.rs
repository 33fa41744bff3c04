//! A contest's entry rules as data: one line in its file for each.
use serde::{Deserialize, Serialize};

pub use aspect::Aspect;

mod aspect;

/// Major brands of files that ISO/IEC 14496-12 and -14 readers play as mp4: the standards' own, Apple's and Adobe's,
/// those of cameras, and the fragmented ones. QuickTime's `qt  ` and 3GPP's brands are not among them: those are other
/// formats with other rules. Only a file with one of these among its compatible brands is an mp4 as well. Trailing
/// spaces do not count.
pub(super) const MP4_BRANDS: [&str; 33] = [
    "isom", "iso2", "iso3", "iso4", "iso5", "iso6", "iso7", "iso8", "iso9", "isoa", "isob", "isoc", "mp41", "mp42",
    "mp71", "mmp4", "avc1", "hvc1", "M4V", "M4VH", "M4VP", "f4v", "MSNV", "XAVC", "CAEP", "pana", "NDSC", "dash",
    "msdh", "cmfc", "cmf2", "isml", "piff",
];

/// The rules of one contest. A missing rule is not judged.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ContestRules {
    /// The allowed formats, by content.
    pub format: Option<FormatRule>,
    /// The allowed length.
    pub duration: Option<DurationRule>,
    /// The smallest size of the picture.
    pub resolution: Option<ResolutionRule>,
    /// The allowed shapes.
    pub aspect: Option<AspectRule>,
    /// How much damage is tolerated.
    pub decode_errors: Option<DecodeErrorsRule>,
    /// The severity of missing sound.
    pub sound: Option<Severity>,
    /// How much sound and picture may differ in length.
    pub sound_length: Option<StretchRule>,
    /// Loudness outside of which a reviewer should listen.
    pub loudness: Option<LoudnessRule>,
    /// The severity of tracks of picture or sound that are not used. If missing, they are still a warning: something
    /// that an entrant exported is missing from every rendition, and a reviewer has to know.
    pub other_tracks: Option<Severity>,
    /// The severity of interlaced fields.
    pub interlaced: Option<Severity>,
    /// The severity of high dynamic range.
    pub hdr: Option<Severity>,
    /// Black sections that a reviewer should see.
    pub black: Option<StretchRule>,
    /// Frozen sections that a reviewer should see.
    pub frozen: Option<StretchRule>,
    /// Silent sections that a reviewer should hear.
    pub silent: Option<StretchRule>,
    /// The severity of an oddity of the file's structure that a viewer does not notice. It never refuses a work.
    pub structure: Option<Severity>,
    /// Works that were entered before: the same bytes are refused, the same picture or sound needs a person.
    pub duplicate: Option<DuplicateRule>,
}

/// Formats by content, as the probe names them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FormatRule {
    /// Such as `mp4`.
    pub allowed: Vec<String>,
}

impl FormatRule {
    /// The brands of files that the rule allows, without trailing spaces; `None` if it allows a format without brands.
    pub fn brands(&self) -> Option<Vec<&'static str>> {
        let mut brands = Vec::new();
        for format in &self.allowed {
            match format.as_str() {
                "mp4" => brands.extend(MP4_BRANDS),
                "mov" => brands.push("qt"),
                _ => return None,
            }
        }
        Some(brands)
    }
}

/// How long a work may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DurationRule {
    /// At least, ms.
    pub min_ms: u64,
    /// At most, ms.
    pub max_ms: u64,
    /// Tolerance for what muxers add or lose at the ends, ms. Its reason is in the contest's file.
    pub tolerance_ms: u64,
}

/// How large the picture must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResolutionRule {
    /// The smaller of display width and height, at least, pixels.
    pub min_short_side: u32,
}

/// Which shapes the picture may have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AspectRule {
    /// Such as `16:9`.
    pub allowed: Vec<Aspect>,
    /// Allowed deviation, in thousandths of the aspect.
    pub tolerance_per_mille: u32,
}

/// How much damage is tolerated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DecodeErrorsRule {
    /// More errors than these are shown to the reviewer.
    pub warn_above: u64,
    /// More errors than these refuse the entry.
    pub fail_above: u64,
}

/// The severity of a property that a contest may accept or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// None; it is not listed.
    Ignore,
    /// A reviewer should look.
    Warn,
    /// The entry is refused.
    Fail,
}

/// Loudness outside of which a reviewer should listen.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LoudnessRule {
    /// Softer than this, LUFS.
    pub min_lufs: f64,
    /// Louder than this, LUFS.
    pub max_lufs: f64,
}

/// Sections that a reviewer should see.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StretchRule {
    /// Longer than this in total, ms.
    pub warn_above_ms: u64,
}

/// When an entry is so similar to another one of the contest that a person must decide.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DuplicateRule {
    /// The limit for the share of the shorter work's picture that the other one also has, percent.
    pub picture_percent: u32,
    /// The limit for the share of the shorter work's sound that the other one also has, percent.
    pub sound_percent: u32,
}

impl ContestRules {
    /// Whether the numbers are valid; an error is the key below `rules` and what is allowed.
    pub(crate) fn check(&self) -> Result<(), (&'static str, String)> {
        if let Some(rule) = &self.format
            && let Some(unknown) = rule.allowed.iter().find(|format| !FORMATS.contains(&format.as_str()))
        {
            return Err(("format.allowed", format!("{unknown:?} is not known; allowed are {}", FORMATS.join(", "))));
        }
        if self.format.as_ref().is_some_and(|rule| rule.allowed.is_empty()) {
            return Err(("format.allowed", format!("is empty; name at least one of {}", FORMATS.join(", "))));
        }
        // A day is far above what one child may decode.
        if let Some(rule) = &self.duration
            && (rule.min_ms > rule.max_ms || rule.max_ms > 86_400_000 || rule.tolerance_ms > 1000)
        {
            let allowed = "allowed is min_ms <= max_ms <= 86400000 with tolerance_ms <= 1000";
            return Err(("duration", allowed.into()));
        }
        if self.resolution.is_some_and(|rule| !(16..=4320).contains(&rule.min_short_side)) {
            return Err(("resolution.min_short_side", "allowed is 16 to 4320".into()));
        }
        if let Some(rule) = &self.aspect
            && (rule.allowed.is_empty() || rule.tolerance_per_mille > 200)
        {
            return Err(("aspect", "allowed is at least one aspect with tolerance_per_mille <= 200".into()));
        }
        if self.decode_errors.is_some_and(|rule| rule.warn_above > rule.fail_above) {
            return Err(("decode_errors", "allowed is warn_above <= fail_above".into()));
        }
        if self.structure == Some(Severity::Fail) {
            return Err((
                "structure",
                "allowed is warn or ignore: an oddity that costs no picture and no sound refuses no work".into(),
            ));
        }
        if self
            .duplicate
            .is_some_and(|rule| ![rule.picture_percent, rule.sound_percent].iter().all(|it| (1..=100).contains(it)))
        {
            return Err(("duplicate", "allowed are 1 to 100 percent".into()));
        }
        // NaN compares as false, so it is refused too.
        if self
            .loudness
            .is_some_and(|rule| !(-70.0 <= rule.min_lufs && rule.min_lufs < rule.max_lufs && rule.max_lufs <= 0.0))
        {
            return Err(("loudness", "allowed is -70 <= min_lufs < max_lufs <= 0".into()));
        }
        Ok(())
    }
}

/// The formats that the probe opens, by its names.
const FORMATS: [&str; 6] = ["mp4", "mov", "3gp", "matroska", "mpegts", "avi"];
