//! The screening queue: the next card, a reviewer's acts on it, and undo. Every address works without a script;
//! `queue.js` adds keys.
use std::sync::Arc;

use askama::Template;
use axum::Extension;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};
use chrono::{DateTime, Utc};
use pipeline::id::{ContestId, SubmissionId};
use pipeline::queue::Queue;
use runtime::problem::{Code, Problem};
use runtime::serving::principal::Subject;
use runtime::store::submissions::SubmissionRow;
use runtime::store::tokens::Role;
use serde::Deserialize;
use uuid::Uuid;

use super::loudness::Loudness;
use super::rules::{self, RuleLine};
use super::work::note::Notes;
use super::{Asked, Here, Sent, Shell, Visit, address, contests_seen, page, post_to, see, shown, shown_with};
use crate::Desk;
use crate::act::Caller;
use crate::act::claim::{self, Opened};
use crate::act::decide::{self, Wish};
use crate::act::review::Decision;
use crate::route::Route;
use crate::view::card::{self, Card, MarkKind};
use crate::view::queue::{self, Decided, Line};

pub(super) const SCREENER: &[Role] = &[Role::Screener];
/// The time line in its own units; the page scales it.
const WIDTH: f64 = 1000.0;
/// Most pictures of the filmstrip: more make a page heavy and no work clearer.
const STILLS: usize = 60;

pub(crate) fn routes() -> Vec<Route> {
    vec![
        page("/queue/{name}", SCREENER, get(next)),
        page("/queue/{name}/{id}", SCREENER, get(show)),
        post_to("/queue/{name}/{id}/decide", SCREENER, post(decide)),
        post_to("/queue/undo", SCREENER, post(undo)),
        post_to("/queue/dismiss", SCREENER, post(dismiss)),
    ]
}

/// Where the next card is searched.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct From {
    /// Only after this work.
    after: Option<Uuid>,
    /// Only of this contest.
    contest: Option<String>,
}

impl From {
    fn contest(&self) -> Option<ContestId> {
        self.contest.as_deref().map(ContestId::new)
    }
}

/// A queue's card.
#[derive(Deserialize)]
struct At {
    name: String,
    #[serde(rename = "id")]
    _id: String,
}

/// A reviewer's act on a card.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Choice {
    Accept,
    Refuse,
    Later,
}

#[derive(Debug, Deserialize)]
struct Form {
    choice: Choice,
    words: Option<String>,
    phrase: Option<String>,
    /// The run whose card was shown.
    run: Option<u32>,
}

#[derive(Debug, Deserialize)]
struct UndoForm {
    /// The queue that the reviewer is in.
    queue: String,
    work: Uuid,
}

#[derive(Debug, Deserialize)]
struct DismissForm {
    queue: String,
    decision: i64,
}

#[derive(Template)]
#[template(path = "queue_card.html")]
struct CardPage {
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

#[derive(Template)]
#[template(path = "queue_empty.html")]
struct EmptyPage {
    shell: Shell,
    queue: &'static Queue,
    lines: Vec<Line>,
    contest: Option<ContestId>,
    /// Id and name of each contest that the person screens in.
    contests: Vec<(String, String)>,
    decisions: Vec<Decided>,
}

/// A mark of the time line as drawn.
struct Drawn {
    class: &'static str,
    x: String,
    width: String,
    /// The row of the mark, so that marks do not hide each other.
    y: u32,
}

fn queue_named(name: &str) -> Result<&'static Queue, Problem> {
    Queue::called(name).ok_or_else(|| Code::RouteUnknown.into())
}

/// The address of a card.
fn card_at(queue: &Queue, id: SubmissionId, contest: Option<&ContestId>) -> String {
    address(&format!("/queue/{}/{id}", queue.name), contest.map(|it| ("contest", it.as_str())))
}

/// The address of the next card.
fn way(queue: &Queue, contest: Option<&ContestId>, after: Option<SubmissionId>) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(after.map(|id| ("after", id.to_string())));
    query.extend_pairs(contest.map(|id| ("contest", id.as_str())));
    let query = query.finish();
    if query.is_empty() { format!("/queue/{}", queue.name) } else { format!("/queue/{}?{query}", queue.name) }
}

async fn next(
    State(desk): State<Arc<Desk>>,
    visit: Visit,
    Path(name): Path<String>,
    Asked(from): Asked<From>,
) -> Result<Response, Problem> {
    let queue = queue_named(&name)?;
    let contest = from.contest();
    let caller = visit.filtered(contest.as_ref())?;
    if let Some(id) = claim::next(&desk, &caller, queue, from.after.map(SubmissionId)).await? {
        return Ok(see(card_at(queue, id, contest.as_ref())));
    }
    shown(&EmptyPage {
        shell: visit.shell(Here::Queue),
        queue,
        lines: queue::queues(&desk, &caller).await?,
        contests: contests_seen(&desk.catalogue, &visit),
        decisions: queue::decisions(&desk, &caller).await?,
        contest,
    })
}

async fn show(
    State(desk): State<Arc<Desk>>,
    visit: Visit,
    Extension(Subject(work)): Extension<Subject>,
    Path(at): Path<At>,
    Asked(from): Asked<From>,
) -> Result<Response, Problem> {
    let queue = queue_named(&at.name)?;
    let caller = visit.filtered(from.contest().as_ref())?;
    let typed = Form { choice: Choice::Accept, words: None, phrase: None, run: None };
    let shell = visit.shell(Here::Queue);
    shown(&card_page(&desk, shell, &caller, queue, from.contest(), &work, typed).await?)
}

async fn card_page(
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

async fn decide(
    State(desk): State<Arc<Desk>>,
    visit: Visit,
    Extension(Subject(work)): Extension<Subject>,
    Path(at): Path<At>,
    Asked(from): Asked<From>,
    sent: Sent<Form>,
) -> Result<Response, Problem> {
    let queue = queue_named(&at.name)?;
    let contest = from.contest();
    let sees = visit.filtered(contest.as_ref())?.sees;
    let caller = Caller { sees, ..sent.caller(&visit, contest.as_ref())? };
    let form = sent.form;
    let decision = match form.choice {
        Choice::Accept => Some(Decision::Accept),
        Choice::Refuse => Some(Decision::Refuse),
        Choice::Later => None,
    };
    let done = match decision {
        // Typed words that are not needed are not sent.
        Some(decision) => {
            let refused = decision == Decision::Refuse;
            let (words, phrase) = (form.words.clone().filter(|_| refused), form.phrase.clone().filter(|_| refused));
            let wish = Wish { decision, words, phrase, lang: visit.say.lang, run: form.run };
            decide::decide(&desk, &caller, work.id, wish).await.map(drop)
        }
        None => decide::later(&desk, &caller, work.id).await.map(drop),
    };
    if let Err(problem) = done {
        let shell = visit.shell(Here::Queue).with(&problem);
        let status = shell.problem.as_ref().map_or(StatusCode::CONFLICT, |said| said.status);
        return shown_with(status, &card_page(&desk, shell, &caller, queue, contest, &work, form).await?);
    }
    match claim::next(&desk, &caller, queue, None).await? {
        Some(id) => Ok(see(card_at(queue, id, contest.as_ref()))),
        None => Ok(see(way(queue, contest.as_ref(), None))),
    }
}

async fn undo(State(desk): State<Arc<Desk>>, visit: Visit, sent: Sent<UndoForm>) -> Result<Response, Problem> {
    let queue = queue_named(&sent.form.queue)?;
    let caller = sent.caller(&visit, None)?;
    let undone = decide::undo(&desk, &caller, Some(SubmissionId(sent.form.work))).await?;
    Ok(see(format!("/queue/{}/{}", queue.name, undone.value.id)))
}

async fn dismiss(State(desk): State<Arc<Desk>>, visit: Visit, sent: Sent<DismissForm>) -> Result<Response, Problem> {
    let queue = queue_named(&sent.form.queue)?;
    let caller = sent.caller(&visit, None)?;
    decide::dismiss(&desk, &caller, sent.form.decision).await?;
    Ok(see(way(queue, None, None)))
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
        way(self.queue, self.contest.as_ref(), Some(SubmissionId(self.card.id)))
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
        let place = |ms: u64| WIDTH * (ms as f64 / self.card.length_ms.max(1) as f64).clamp(0.0, 1.0);
        let drawn = |mark: &card::Mark| {
            let (from, to) = (place(mark.start_ms), place(mark.end_ms));
            let y = match mark.kind {
                MarkKind::Black | MarkKind::Frozen | MarkKind::Damaged => 4,
                MarkKind::Silent | MarkKind::Loud => 16,
                MarkKind::Twin => 28,
            };
            // A short range of a long work is still visible.
            let (x, width) = (format!("{from:.1}"), format!("{:.1}", (to - from).max(2.0)));
            Drawn { class: mark.kind.name(), x, width, y }
        };
        self.card.marks.iter().filter(|mark| !mark.whole).map(drawn).collect()
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

impl Decided {
    /// Seconds in which undo is still possible.
    fn seconds_left(&self, now: &DateTime<Utc>) -> i64 {
        (self.due_at - *now).num_seconds().max(0)
    }
}
