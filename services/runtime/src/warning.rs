//! What partners do not accept in a work's texts, reported while an entrant or an organiser can still change them: when
//! the form is entered, when texts are written, and before a release. The rules are in `pipeline::preflight`; nothing
//! here refuses anything.
use pipeline::catalogue::{Catalogue, Contest};
use pipeline::id::{ContestId, PartnerId};
use pipeline::lang::Lang;
use pipeline::preflight::{self, Failure, Texts, Written};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What a partner does not accept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Warning {
    /// The partner.
    pub partner: String,
    /// Stable name, such as `title_too_short`.
    pub code: String,
    /// One sentence in Chinese.
    pub zh: String,
    /// The same in English.
    pub en: String,
}

/// The texts of an entry as its form has them.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'a> {
    /// Title.
    pub title: &'a str,
    /// What the work is about.
    pub synopsis: &'a str,
    /// Id of the theme.
    pub theme: &'a str,
}

impl Warning {
    /// From one failure at a partner.
    pub fn of(partner: &PartnerId, failure: &Failure) -> Self {
        let code = failure.problem.code().to_owned();
        Self { partner: partner.to_string(), code, zh: failure.text(Lang::Zh), en: failure.text(Lang::En) }
    }
}

impl Entry<'_> {
    /// The texts that accompany the work at a partner: an organiser's texts for it, or else the entry's own.
    pub fn written(&self, catalogue: &Catalogue, contest: &ContestId, own: Option<&Texts>) -> Written {
        let theme = catalogue.contest(contest).and_then(|it| it.theme(self.theme));
        let theme = theme.map_or(self.theme, |theme| theme.zh.as_str());
        Written::of(own, self.title, self.synopsis, theme)
    }

    /// What one partner does not accept. A partner that is no longer in the catalogue accepts anything.
    pub fn warnings(
        &self,
        catalogue: &Catalogue,
        contest: &ContestId,
        partner: &PartnerId,
        own: Option<&Texts>,
    ) -> Vec<Warning> {
        let Some(rules) = catalogue.partner(partner) else { return Vec::new() };
        let failures = preflight::check_written(rules, &self.written(catalogue, contest, own));
        failures.iter().map(|it| Warning::of(partner, it)).collect()
    }

    /// What the partners of a contest do not accept in the form as entered, by partner.
    pub fn warnings_of_all(&self, catalogue: &Catalogue, contest: &Contest) -> Vec<Warning> {
        let partners = contest.partners.iter();
        partners.flat_map(|partner| self.warnings(catalogue, &contest.id, partner, None)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_partner_does_not_take_is_said_unless_texts_were_written_for_it() {
        let catalogue = Catalogue::builtin();
        let contest = catalogue.contest(&"demo".into()).unwrap();
        let entry = Entry { title: "早晨", synopsis: "", theme: &contest.themes[0].id };
        let warnings = entry.warnings_of_all(&catalogue, contest);
        let codes: Vec<_> = warnings.iter().map(|it| (it.partner.as_str(), it.code.as_str())).collect();
        assert_eq!(codes, [("weixin_channels", "title_too_short")]);
        assert!(warnings[0].zh.contains("标题") && warnings[0].en.contains("title"), "{warnings:?}");
        let own = Texts { title: Some("一座工厂的早晨".to_owned()), ..Texts::default() };
        let partner = PartnerId::new("weixin_channels");
        assert_eq!(entry.warnings(&catalogue, &contest.id, &partner, Some(&own)), []);
        assert_eq!(entry.warnings(&catalogue, &contest.id, &PartnerId::new("former"), None), []);
    }
}
