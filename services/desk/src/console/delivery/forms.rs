//! What people fill in about a delivery.
use chrono::{DateTime, Utc};
use runtime::problem::Problem;
use serde::Deserialize;

use crate::act::texts::Wording;
use crate::console::{Filed, local};

/// The form of a confirmation.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct ConfirmForm {
    pub(super) reason: Option<String>,
}

/// The texts for a partner.
#[derive(Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct TextsForm {
    pub(super) title: Option<String>,
    pub(super) text: Option<String>,
    pub(super) tags: Option<String>,
    pub(super) reason: Option<String>,
    /// Only check what the partner does not accept.
    pub(super) look: Option<bool>,
}

impl TextsForm {
    pub(super) fn wish(&self, dry_run: bool) -> Wording {
        let tags = self.tags.as_deref().map(|tags| {
            tags.split(['\n', ',', '，', '、', ';', '；'])
                .map(str::trim)
                .filter(|it| !it.is_empty())
                .map(ToOwned::to_owned)
                .collect()
        });
        let Self { title, text, reason, .. } = self.clone();
        Wording { title, text, tags, dry_run, digest: None, reason }
    }
}

/// The input of a form with a picture; an empty text for an empty field.
#[derive(Default)]
pub(super) struct Entered {
    pub(super) url: String,
    pub(super) receipt: String,
    pub(super) seen_at: String,
    pub(super) reason: String,
}

impl Entered {
    pub(super) fn of(filed: &Filed) -> Self {
        let field = |name: &str| filed.field(name).unwrap_or_default().to_owned();
        Self { url: field("url"), receipt: field("receipt"), seen_at: field("seen_at"), reason: field("reason") }
    }

    /// When the person saw it.
    pub(super) fn seen_at(&self) -> Result<Option<DateTime<Utc>>, Problem> {
        given(&self.seen_at).map(|text| local::instant("seen_at", &text)).transpose()
    }
}

/// The input of a field that is not empty.
pub(super) fn given(field: &str) -> Option<String> {
    (!field.is_empty()).then(|| field.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_separated_as_people_write_them() {
        let form = TextsForm { tags: Some("工业、制造，工厂\n 早晨 ;".into()), ..TextsForm::default() };
        assert_eq!(form.wish(true).tags.unwrap(), ["工业", "制造", "工厂", "早晨"]);
        assert_eq!(TextsForm::default().wish(false).tags, None);
    }
}
