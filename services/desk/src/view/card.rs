//! The card of a work under review: what a reviewer sees before deciding. It has the storyboard's pictures, marks on
//! the time line, every rule with its measured value and limit, the form, and phrases for a refusal. It contains no
//! personal data.
use chrono::{DateTime, Utc};
use pipeline::catalogue::Phrase;
use pipeline::media_info::MediaInfo;
use pipeline::screening::{Outcome, Rule, RuleVerdict};
use runtime::problem::Problem;
use runtime::store::submissions::SubmissionRow;
use serde_json::Value;
use uuid::Uuid;

use super::storyboard::{Storyboard, storyboard};
use crate::Desk;

mod mark;
mod marks;

pub use mark::{Mark, MarkKind};
pub use marks::marks;

/// One card.
#[derive(Clone, Debug)]
pub struct Card {
    /// The work.
    pub id: Uuid,
    /// The number of the entrant's receipt.
    pub receipt: Option<String>,
    /// Its contest's id.
    pub contest: String,
    /// Its contest's name in Chinese and English; the id if the catalogue no longer has this contest.
    pub contest_name: [String; 2],
    /// As entered.
    pub title: String,
    /// The theme in Chinese and English.
    pub theme: [String; 2],
    /// As entered.
    pub recommending_unit: String,
    /// As entered.
    pub synopsis: String,
    /// Originality, rights and AI use as declared.
    pub declarations: Declared,
    /// Its state by name.
    pub state: &'static str,
    /// Which pass it is in, from 1.
    pub run: u32,
    /// Whether the entrant announced another film.
    pub replacing: bool,
    /// When it was entered.
    pub created_at: DateTime<Utc>,
    /// How long the proxy plays, ms; 0 before the probe.
    pub length_ms: u64,
    /// What the probe measured.
    pub media_info: Option<MediaInfo>,
    /// What to look at on the time line, in the order of time.
    pub marks: Vec<Mark>,
    /// Every rule, with broken and warning ones first.
    pub rules: Vec<RuleVerdict>,
    /// The storyboard, if there is one.
    pub film: Option<Storyboard>,
    /// Whether there is a proxy to play.
    pub proxy: bool,
    /// Phrases for a refusal, in the catalogue's order.
    pub phrases: Vec<Offered>,
}

/// What the entrant declared.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Declared {
    /// That the work is their own.
    pub originality: bool,
    /// That they hold the rights.
    pub rights: bool,
    /// `none`, `assisted` or `generated`; empty if the form did not ask.
    pub ai_use: String,
    /// What AI was used for.
    pub ai_note: String,
}

/// A phrase, and whether the card suggests it.
#[derive(Clone, Debug)]
pub struct Offered {
    /// The phrase.
    pub phrase: Phrase,
    /// Whether its rule warned or was broken.
    pub suggested: bool,
}

/// The card of a work that the caller may see.
pub async fn card(desk: &Desk, row: &SubmissionRow) -> Result<Card, Problem> {
    let preview = desk.store.preview(row.id).await?;
    let film = match &preview {
        Some(preview) => storyboard(desk, row.id, preview).await,
        None => None,
    };
    let info = row.media_info.as_ref();
    let mut rules = row.verdict.as_ref().map_or_else(Vec::new, |verdict| verdict.rules.clone());
    let contest = desk.catalogue.contest(&row.contest);
    let loudest = contest.and_then(|it| it.rules.loudness).map(|it| it.max_lufs);
    let marks = info.map_or_else(Vec::new, |info| marks(info, &rules, loudest));
    rules.sort_by_key(|rule| std::cmp::Reverse(rule.outcome));
    let warned = |rule: Rule| rules.iter().any(|it| it.rule == rule && it.outcome != Outcome::Pass);
    let offered = |phrase: &Phrase| Offered { suggested: phrase.rule.is_some_and(warned), phrase: phrase.clone() };
    let theme = contest.and_then(|it| it.theme(&row.theme));
    let both = |id: &str| [id.to_owned(), id.to_owned()];
    Ok(Card {
        id: row.id.0,
        receipt: row.receipt.as_ref().map(ToString::to_string),
        contest: row.contest.to_string(),
        contest_name: contest.map_or_else(|| both(row.contest.as_str()), |it| [it.name.zh.clone(), it.name.en.clone()]),
        title: row.title.clone(),
        theme: theme.map_or_else(|| both(&row.theme), |it| [it.zh.clone(), it.en.clone()]),
        recommending_unit: row.recommending_unit.clone(),
        synopsis: row.synopsis.clone(),
        declarations: Declared::of(&row.declarations),
        state: row.machine.state.name(),
        run: row.machine.run,
        replacing: row.machine.replacing,
        created_at: row.created_at,
        length_ms: info.map_or(0, |it| it.video.duration_ms.saturating_add(it.sound_after_ms())),
        media_info: row.media_info.clone(),
        marks,
        phrases: desk.catalogue.phrases.iter().map(offered).collect(),
        rules,
        film,
        proxy: preview.is_some(),
    })
}

impl Declared {
    fn of(declared: &Value) -> Self {
        let yes = |name: &str| declared[name].as_bool().unwrap_or(false);
        let text = |name: &str| declared[name].as_str().unwrap_or_default().to_owned();
        Self {
            originality: yes("originality"),
            rights: yes("rights"),
            ai_use: text("ai_use"),
            ai_note: text("ai_note"),
        }
    }
}
