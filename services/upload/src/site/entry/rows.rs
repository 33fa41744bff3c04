//! The rows of an entry's page: rules, former films, platforms.
use chrono::{DateTime, Utc};
use pages::Say;
use pipeline::delivery::Observed;
use pipeline::screening::{Outcome, RuleVerdict, Verdict};
use pipeline::submission::State as WorkState;
use runtime::store::partners::deliveries::DeliveryRow;
use runtime::store::submissions::former::FormerFilm;

use crate::app::App;
use crate::site::shell::Shell;

/// The outcome of one rule.
pub(super) struct RuleRow {
    pub(super) title: &'static str,
    pub(super) outcome: &'static str,
    pub(super) tone: &'static str,
    pub(super) measured: String,
    pub(super) limit: String,
    pub(super) text: String,
    /// What the entrant should do if it is not kept.
    pub(super) cure: Option<&'static str>,
}

/// A film that was replaced by another one.
pub(super) struct FormerRow {
    pub(super) at: DateTime<Utc>,
    pub(super) state: String,
    pub(super) tone: &'static str,
    /// Why it was refused.
    pub(super) why: Option<String>,
}

/// A platform that the work goes to.
pub(super) struct PlatformRow {
    pub(super) name: String,
    pub(super) state: String,
    pub(super) tone: &'static str,
    /// Its public address.
    pub(super) address: Option<String>,
}

impl FormerRow {
    pub(super) fn of(film: &FormerFilm, say: Say) -> Self {
        let why = match &film.state {
            WorkState::Rejected { reason, .. } => Some(reason.text(say.lang)),
            _ => None,
        };
        let state = film.state.name();
        Self { at: film.replaced_at, state: say.state(state), tone: say.tone(state), why }
    }
}

impl RuleRow {
    pub(super) fn all(verdict: &Verdict, say: Say) -> Vec<Self> {
        verdict.rules.iter().map(|rule| Self::of(rule, say)).collect()
    }

    fn of(verdict: &RuleVerdict, say: Say) -> Self {
        let outcome = match verdict.outcome {
            Outcome::Pass => say.t("符合", "kept"),
            Outcome::Warn => say.t("请留意", "note"),
            Outcome::Fail => say.t("不符合", "broken"),
        };
        Self {
            title: verdict.rule.title(say.lang),
            outcome,
            tone: say.tone(verdict.outcome.name()),
            measured: verdict.measured_in(say.lang).into_owned(),
            limit: verdict.limit_in(say.lang).into_owned(),
            // The entrant must not learn which other works a film resembles; the sentence names none.
            text: verdict.text(say.lang).to_owned(),
            cure: verdict.rule.cure(say.lang).filter(|_| verdict.outcome != Outcome::Pass),
        }
    }
}

impl PlatformRow {
    pub(super) fn of(app: &App, shell: &Shell, row: &DeliveryRow) -> Self {
        let say = shell.say;
        let partner = app.catalogue.partner(&row.partner);
        let state = row.machine.observed.name();
        let address = match &row.machine.observed {
            Observed::Live { public_url, .. } => public_url.clone(),
            _ => None,
        };
        Self {
            name: partner.map_or(row.partner.to_string(), |it| say.t(&it.name.zh, &it.name.en).to_owned()),
            state: say.delivery(state),
            tone: say.tone(state),
            // A partner's text is shown as a link only if it is one.
            address: address.filter(|it| it.starts_with("https://") || it.starts_with("http://")),
        }
    }
}
