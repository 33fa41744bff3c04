//! A card of the queue: one work with everything that a reviewer needs to decide on it.
use askama::Template;
use chrono::{DateTime, Utc};
use pipeline::id::{ContestId, SubmissionId};
use pipeline::queue::Queue;
use runtime::problem::Problem;
use runtime::store::submissions::SubmissionRow;
use serde::Deserialize;
use uuid::Uuid;

use super::at::next_at;
use super::timeline::{Drawn, drawn};
use crate::Desk;
use crate::act::Caller;
use crate::act::claim::{self, Opened};
use crate::console::loudness::Loudness;
use crate::console::rules::{self, RuleLine};
use crate::console::work::note::Notes;
use crate::console::{Shell, address};
use crate::view::card::{self, Card, MarkKind};
use crate::view::queue::{self, Decided, Line};

/// Most pictures of the filmstrip: more make a page heavy and no work clearer.
const STILLS: usize = 60;

/// A reviewer's act on a card.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Choice {
    Accept,
    Refuse,
    Later,
}

/// The form of a card.
#[derive(Debug, Deserialize)]
pub(super) struct Form {
    pub(super) choice: Choice,
    pub(super) words: Option<String>,
    pub(super) phrase: Option<String>,
    /// The run whose card was shown.
    pub(super) run: Option<u32>,
}

#[derive(Template)]
#[template(path = "queue_card.html")]
pub(super) struct CardPage {
    shell: Shell,
    queue: &'static Queue,
    card: Card,
    rules: Vec<RuleLine>,
    /// The other reviewer who has it open, and until when.
    taken: Option<(String, DateTime<Utc>)>,
    /// Whether this person may decide on it now.
    decides: bool,
    /// Every queue, this one among them.
    lines: Vec<Line>,
    /// The work after this one.
    next: Option<SubmissionId>,
    /// The one contest that was asked for.
    contest: Option<ContestId>,
    decisions: Vec<Decided>,
    loudness: Option<Loudness>,
    notes: Notes,
    /// A rendition in force, to compare with the source.
    rendition: Option<String>,
    /// The typed text, if the form is shown again.
    typed: Form,
}

/// The card of a work, which the caller claims by opening it.
pub(super) async fn card_page(
    desk: &Desk,
    shell: Shell,
    caller: &Caller,
    queue: &'static Queue,
    contest: Option<ContestId>,
    work: &SubmissionRow,
    typed: Form,
) -> Result<CardPage, Problem> {
    let (taken, decides) = match claim::open(desk, caller, work.id).await? {
        Opened::Claimed(_) => (None, true),
        Opened::Taken { by, until } => (Some((by, until)), false),
        Opened::Decided => (None, false),
    };
    let decisions = queue::decisions(desk, caller).await?;
    let held = decisions.iter().any(|it| it.work == work.id.0 && it.failure.is_none());
    let card = card::card(desk, work).await?;
    Ok(CardPage {
        queue,
        rules: rules::lines(shell.say, &card.rules),
        card,
        taken,
        decides: decides && !held,
        lines: queue::beside(desk, caller, queue).await?,
        next: queue::following(desk, caller, queue, work.id).await?,
        contest,
        decisions,
        loudness: Loudness::of(desk, shell.say, work),
        notes: Notes::of(desk, shell.say, work, true, Some(queue.name)).await?,
        rendition: desk.store.renditions(work.id).await?.first().map(|it| it.name.to_string()),
        typed,
        shell,
    })
}

impl CardPage {
    /// The address that the decision is sent to.
    fn decide(&self) -> String {
        let path = format!("/queue/{}/{}/decide", self.queue.name, self.card.id);
        address(&path, self.contest.as_ref().map(|it| ("contest", it.as_str())))
    }

    fn title(&self) -> &'static str {
        self.shell.say.t(self.queue.zh, self.queue.en)
    }

    /// The address of the film at a moment; browsers without the script start it there.
    fn film(&self, ms: &u64) -> String {
        format!("/works/{}/preview/proxy.mp4#t={}", self.card.id, self.seconds(ms))
    }

    #[expect(clippy::unused_self, reason = "a template calls it")]
    fn seconds(&self, ms: &u64) -> String {
        format!("{:.1}", *ms as f64 / 1000.0)
    }

    /// The next card, skipping this one.
    fn pass(&self) -> String {
        next_at(self.queue, self.contest.as_ref(), Some(SubmissionId(self.card.id)))
    }

    /// The first other work that this one resembles.
    fn twin(&self) -> Option<&Uuid> {
        self.card.marks.iter().find_map(|mark| mark.other.as_ref())
    }

    fn stills(&self) -> Vec<&crate::view::storyboard::Tile> {
        let tiles = self.card.film.as_ref().map_or(&[][..], |film| &film.tiles);
        tiles.iter().step_by(tiles.len().div_ceil(STILLS).max(1)).collect()
    }

    fn drawn(&self) -> Vec<Drawn> {
        drawn(&self.card)
    }

    /// The time range of a mark; one moment if it lasts less than a second.
    fn when(&self, mark: &card::Mark) -> String {
        let [from, to] = [mark.start_ms, mark.end_ms].map(|ms| self.shell.say.length(&ms));
        if from == to { from } else { format!("{from}–{to}") }
    }

    fn kind(&self, kind: &MarkKind) -> &'static str {
        let (zh, en) = match kind {
            MarkKind::Black => ("黑场", "Black picture"),
            MarkKind::Frozen => ("静止画面", "Still picture"),
            MarkKind::Silent => ("静音", "Silence"),
            MarkKind::Loud => ("响度", "Loudness"),
            MarkKind::Damaged => ("画面或声音受损", "Damage"),
            MarkKind::Twin => ("与另一作品相同", "Same as in another work"),
        };
        self.shell.say.t(zh, en)
    }

    fn yes(&self, declared: &bool) -> &'static str {
        if *declared { self.shell.say.t("是", "yes") } else { self.shell.say.t("否", "no") }
    }

    fn ai(&self) -> String {
        self.shell.say.ai_use(&self.card.declarations.ai_use)
    }

    /// Displayed width and height, and the frame rate.
    fn picture(&self) -> Option<String> {
        let video = &self.card.media_info.as_ref()?.video;
        let rate = format!("{:.2}", video.frame_rate.value());
        let rate = rate.trim_end_matches('0').trim_end_matches('.');
        Some(format!("{}×{} · {rate} fps · {}", video.display_width, video.display_height, video.codec))
    }

    fn is_chosen(&self, phrase: &str) -> bool {
        self.typed.phrase.as_deref() == Some(phrase)
    }
}
