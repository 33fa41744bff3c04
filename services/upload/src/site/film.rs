//! The data with which a page checks a film in the browser before it is sent: the contest's simplest rules as numbers.
//! The module that compares is `film` of `pages/assets/`.
use pipeline::catalogue::Contest;
use pipeline::lang::Lang;
use pipeline::screening::{FormatRule, Rule};
use serde::Serialize;

/// The limits that the page's module checks.
#[derive(Serialize)]
struct Limits {
    /// The rules that the contest has, by name.
    rules: Vec<&'static str>,
    /// Allowed brands of files.
    brands: Vec<&'static str>,
    short_ms: u64,
    long_ms: u64,
    min_side: u32,
    /// Width and height of each allowed shape.
    aspects: Vec<(u32, u32)>,
    per_mille: u32,
    most_bytes: u64,
}

/// A rule that a browser can check, in words.
pub(super) struct Judged {
    /// Its name in the module.
    pub(super) name: &'static str,
    pub(super) title: &'static str,
    pub(super) cure: &'static str,
}

/// The rules that a browser can check, by their names in the module.
pub(super) fn judged(lang: Lang) -> [Judged; 4] {
    let named = |name, rule: Rule| Judged { name, title: rule.title(lang), cure: rule.cure(lang).unwrap_or_default() };
    [
        named("format", Rule::Format),
        named("duration", Rule::Duration),
        named("resolution", Rule::Resolution),
        named("aspect", Rule::Aspect),
    ]
}

/// The limits of a contest, as JSON. Rules that a browser cannot check are left out.
pub(super) fn limits(contest: &Contest) -> anyhow::Result<String> {
    let rules = &contest.rules;
    let brands = rules.format.as_ref().and_then(FormatRule::brands);
    let named = [
        ("format", brands.is_some()),
        ("duration", rules.duration.is_some()),
        ("resolution", rules.resolution.is_some()),
        ("aspect", rules.aspect.is_some()),
        ("size", true),
    ];
    let limits = Limits {
        rules: named.into_iter().filter(|(_, there)| *there).map(|(name, _)| name).collect(),
        brands: brands.unwrap_or_default(),
        short_ms: rules.duration.map_or(0, |rule| rule.min_ms.saturating_sub(rule.tolerance_ms)),
        long_ms: rules.duration.map_or(0, |rule| rule.max_ms.saturating_add(rule.tolerance_ms)),
        min_side: rules.resolution.map_or(0, |rule| rule.min_short_side),
        aspects: rules.aspect.iter().flat_map(|rule| &rule.allowed).map(|it| (it.width, it.height)).collect(),
        per_mille: rules.aspect.as_ref().map_or(0, |rule| rule.tolerance_per_mille),
        most_bytes: contest.max_upload_bytes,
    };
    Ok(serde_json::to_string(&limits)?)
}

#[cfg(test)]
mod tests {
    use pipeline::catalogue::Catalogue;
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn a_page_judges_by_the_contests_own_numbers() {
        let catalogue = Catalogue::builtin();
        let contest = &catalogue.contests[&"demo".into()];
        let limits: Value = serde_json::from_str(&limits(contest).unwrap()).unwrap();
        assert_eq!((&limits["short_ms"], &limits["long_ms"]), (&json!(59_950), &json!(480_050)));
        assert_eq!((&limits["min_side"], &limits["aspects"]), (&json!(1080), &json!([[16, 9], [9, 16]])));
        let brands = limits["brands"].as_array().unwrap();
        assert!(brands.contains(&json!("isom")) && !brands.contains(&json!("qt")), "{brands:?}");
    }
}
