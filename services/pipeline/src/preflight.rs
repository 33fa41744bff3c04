//! Pre-flight: everything about a work that one partner does not accept, all at once, before anything is sent. Pure.
//!
//! Texts are counted in characters, a Chinese one being one, as on the partners' pages.
use crate::id::RenditionName;
use crate::partner::Partner;

pub use facts::{CoverFacts, Facts, RenditionFacts, Texts, Written};
pub use problem::{Failure, Problem, listed};

mod facts;
mod problem;

/// All reasons against sending this work to this partner; empty if there are none.
pub fn check(partner: &Partner, facts: &Facts) -> Vec<Failure> {
    let mut found = Found(Vec::new());
    found.unless(facts.wanted_live, Problem::TakenBack);
    found.unless(facts.released, Problem::NotReleased);
    found.unless(facts.originality, Problem::OriginalityNotDeclared);
    found.unless(facts.rights, Problem::RightsNotDeclared);
    found.unless(facts.ai_declared, Problem::AiNotDeclared);
    for name in &facts.wanted {
        if !facts.renditions.iter().any(|made| made.name == *name) {
            found.add(Problem::RenditionMissing, Some(name), "", "");
        }
    }
    found.unless(!facts.wanted.is_empty(), Problem::RenditionMissing);
    for made in &facts.renditions {
        check_rendition(partner, made, &mut found);
    }
    check_covers(partner, facts, &mut found);
    found.0.extend(check_written(partner, &facts.written));
    found.0
}

fn check_rendition(partner: &Partner, made: &RenditionFacts, found: &mut Found) {
    let (limits, name) = (&partner.limits, Some(&made.name));
    if !made.passed_qc {
        found.add(Problem::QcNotPassed, name, "", "");
    }
    let at_most = [
        (Problem::TooLarge, made.bytes, limits.max_size_bytes.as_ref().map(|it| it.value), "B"),
        (Problem::TooLong, made.duration_ms.div_ceil(1000), limits.max_duration_s.as_ref().map(|it| it.value), "s"),
        (
            Problem::PictureTooLarge,
            made.width.max(made.height).into(),
            limits.max_side_pixels.as_ref().map(|it| it.value.into()),
            "px",
        ),
        (
            Problem::BitrateTooHigh,
            made.bytes.saturating_mul(8) / made.duration_ms.max(1),
            limits.max_bitrate_kbps.as_ref().map(|it| it.value.into()),
            "kbit/s",
        ),
    ];
    for (problem, measured, limit, unit) in at_most {
        if let Some(limit) = limit.filter(|limit| measured > *limit) {
            found.add(problem, name, &format!("{measured} {unit}"), &format!("≤ {limit} {unit}"));
        }
    }
}

/// Each shape that the partner requires must exist, and be within its limits.
fn check_covers(partner: &Partner, facts: &Facts, found: &mut Found) {
    // For a work without a rendition, the missing rendition is already reported.
    let wishes = if facts.renditions.is_empty() { &[] } else { &partner.covers[..] };
    for wish in wishes {
        let Some(cover) = facts.covers.iter().find(|cover| cover.aspect == wish.aspect) else {
            found.add(Problem::CoverMissing, None, "0", &wish.aspect.to_string());
            continue;
        };
        if let Some(limit) = wish.max_bytes.filter(|limit| cover.bytes > *limit) {
            found.add(Problem::CoverTooLarge, None, &format!("{} B", cover.bytes), &format!("≤ {limit} B"));
        }
        let measured = format!("{}×{} px", cover.width, cover.height);
        if cover.width < wish.min_width_pixels || cover.height < wish.min_height_pixels {
            let least = format!("≥ {}×{} px", wish.min_width_pixels, wish.min_height_pixels);
            found.add(Problem::CoverTooSmall, None, &measured, &least);
        }
        if !wish.aspect.fits(cover.width, cover.height) {
            found.add(Problem::CoverMisshapen, None, &measured, &wish.aspect.to_string());
        }
    }
}

/// What the partner does not accept of these texts. Needs no film, so it can be checked when the form is entered.
pub fn check_written(partner: &Partner, written: &Written) -> Vec<Failure> {
    let mut found = Found(Vec::new());
    let limits = &partner.limits;
    let (title, text) = (chars(&written.title), chars(&written.text));
    let all_tags = written.tags.iter().map(|tag| chars(tag)).sum::<u32>();
    let tags = u32::try_from(written.tags.len()).unwrap_or(u32::MAX);
    let least = limits.title_min_chars.as_ref().map_or(1, |it| it.value.max(1));
    if title < least {
        found.add(Problem::TitleTooShort, None, &title.to_string(), &format!("≥ {least}"));
    }
    for (problem, measured, limit) in [
        (Problem::TitleTooLong, title, &limits.title_max_chars),
        (Problem::TextTooLong, text, &limits.text_max_chars),
        (Problem::TooManyTags, tags, &limits.tags_max),
        (Problem::TagsTooLong, all_tags, &limits.tags_max_chars),
    ] {
        if let Some(limit) = limit.as_ref().filter(|limit| measured > limit.value) {
            found.add(problem, None, &measured.to_string(), &format!("≤ {}", limit.value));
        }
    }
    found.0
}

/// Characters as a person counts them: each Unicode scalar except those that only join or modify.
pub fn chars(text: &str) -> u32 {
    let counted =
        text.trim().chars().filter(|c| !matches!(c, '\u{200b}'..='\u{200d}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'));
    u32::try_from(counted.count()).unwrap_or(u32::MAX)
}

struct Found(Vec<Failure>);

impl Found {
    fn add(&mut self, problem: Problem, rendition: Option<&RenditionName>, measured: &str, limit: &str) {
        let failure =
            Failure { problem, rendition: rendition.cloned(), measured: measured.to_owned(), limit: limit.to_owned() };
        self.0.push(failure);
    }

    fn unless(&mut self, holds: bool, problem: Problem) {
        if !holds {
            self.add(problem, None, "", "");
        }
    }
}

#[cfg(test)]
mod tests;
