//! The page of two works: their time lines with the common stretches, pairs of stills, and whether the person may
//! decide.
use std::sync::Arc;

use askama::Template;
use pipeline::catalogue::Catalogue;
use pipeline::id::{ContestId, SubmissionId};
use pipeline::lang::Lang;
use runtime::problem::Problem;

use crate::Desk;
use crate::act::{decide, twins};
use crate::console::{Shell, Visit};
use crate::names::{partner_name, theme_name};
use crate::roles::SCREENER;
use crate::view::beside::{Alike, Beside, First, Side, Stretch};
use crate::view::storyboard::Tile;

/// The time lines in their own units; the page scales them.
const WIDTH: f64 = 640.0;

#[derive(Template)]
#[template(path = "beside.html")]
pub(super) struct BesidePage {
    shell: Shell,
    catalogue: Arc<Catalogue>,
    both: Beside,
    /// The length of a time line, ms.
    longest_ms: u64,
    /// The words of a refusal, which can be edited.
    words: String,
    /// The person's rights for this work here.
    may: May,
}

/// Whether a person may decide here.
enum May {
    /// Their decision would be held.
    Decide,
    /// It would be refused now, and why.
    Wait(&'static str),
    /// It is not the person's work, or there is nothing to decide.
    Look,
}

impl May {
    async fn of(desk: &Desk, visit: &Visit, both: &Beside) -> Result<Self, Problem> {
        let contest = ContestId::new(&both.work.contest);
        let screener = visit.caller_in(SCREENER, &contest).filter(|_| both.found.is_some());
        let Some(screener) = screener.filter(|_| both.work.state == "awaiting_review") else { return Ok(May::Look) };
        let refusal = decide::refusal(desk, &screener, SubmissionId(both.work.id)).await?;
        Ok(refusal.map_or(May::Decide, |problem| {
            let row = problem.code.row();
            May::Wait(visit.say.t(row.zh, row.en))
        }))
    }
}

/// A range on a time line.
struct Shade {
    x: String,
    width: String,
}

impl BesidePage {
    pub(super) async fn of(
        desk: &Desk,
        visit: &Visit,
        shell: Shell,
        both: Beside,
        words: Option<String>,
    ) -> Result<Self, Problem> {
        let longest_ms = both.work.length_ms.max(both.other.length_ms).unwrap_or(0).max(1);
        let words = words.unwrap_or_else(|| twins::phrase(desk).to_owned());
        let may = May::of(desk, visit, &both).await?;
        Ok(Self { shell, catalogue: desk.catalogue.clone(), both, longest_ms, words, may })
    }

    fn theme(&self, side: &Side) -> String {
        theme_name(&self.catalogue, self.shell.say, Some(&side.contest), &side.theme)
    }

    fn partner(&self, id: &str) -> String {
        partner_name(&self.catalogue, self.shell.say, id)
    }

    /// Both works, and which is which.
    fn sides(&self) -> [(&Side, First, &'static str); 2] {
        let name = |zh, en| self.shell.say.t(zh, en);
        [
            (&self.both.work, First::Work, name("本作品", "This work")),
            (&self.both.other, First::Other, name("另一作品", "The other work")),
        ]
    }

    /// A shift with its sign: `+0.5 s`.
    fn shift(&self, ms: &i64) -> String {
        format!("{:+.1} {}", *ms as f64 / 1000.0, self.shell.say.t("秒", "s")).replace('-', "−")
    }

    /// The corresponding position in the other work.
    fn shifted(&self, ms: &i64) -> String {
        let (say, seconds) = (self.shell.say, ms.unsigned_abs() as f64 / 1000.0);
        match (say.lang, ms.signum()) {
            (_, 0) => say.t("相同内容在两件作品中的位置相同。", "Both have it at the same time.").to_owned(),
            (Lang::Zh, -1) => format!("相同内容在另一作品中提前 {seconds:.1} 秒出现。"),
            (Lang::Zh, _) => format!("相同内容在另一作品中推后 {seconds:.1} 秒出现。"),
            (Lang::En, -1) => format!("The other work has it {seconds:.1} s earlier."),
            (Lang::En, _) => format!("The other work has it {seconds:.1} s later."),
        }
    }

    /// Seconds for the address of a moment in a film, and for the player.
    #[expect(clippy::unused_self, reason = "a template calls it")]
    fn seconds(&self, ms: &u64) -> String {
        format!("{:.1}", *ms as f64 / 1000.0)
    }

    /// The shift for the player.
    fn shift_s(&self) -> String {
        self.both.found.as_ref().map_or_else(|| "0".into(), |found| format!("{:.1}", found.shift_ms as f64 / 1000.0))
    }

    fn is_first(&self, side: &First) -> bool {
        self.both.first == Some(*side)
    }

    /// The kinds of similarity, by name.
    fn ways(&self) -> Vec<(&'static str, &'static str, &Alike)> {
        let found = self.both.found.as_ref();
        let picture = found.and_then(|found| found.picture.as_ref());
        let sound = found.and_then(|found| found.sound.as_ref());
        let picture = picture.map(|alike| (self.shell.say.t("画面", "Picture"), "picture", alike));
        let sound = sound.map(|alike| (self.shell.say.t("声音", "Sound"), "sound", alike));
        [picture, sound].into_iter().flatten().collect()
    }

    fn share(&self, ms: u64) -> f64 {
        WIDTH * (ms as f64 / self.longest_ms as f64).clamp(0.0, 1.0)
    }

    /// The length of a side's own time line.
    fn whole(&self, side: &Side) -> String {
        format!("{:.1}", self.share(side.length_ms.unwrap_or(0)))
    }

    fn shade(&self, side: &First, stretch: &Stretch) -> Shade {
        let start_ms = start_ms(side, stretch);
        let (from, to) = (self.share(start_ms), self.share(start_ms.saturating_add(stretch.length_ms)));
        // A short range of a long work is still visible.
        Shade { x: format!("{from:.1}"), width: format!("{:.1}", (to - from).max(1.0)) }
    }

    /// The pairs of stills: each side's moment with its picture.
    fn stills(&self) -> Vec<[(u64, Option<&Tile>); 2]> {
        let found = self.both.found.iter().flat_map(|found| &found.moments);
        let (work, other) = (self.both.work.storyboard.as_ref(), self.both.other.storyboard.as_ref());
        let pair = |(ours, theirs): &(u64, u64)| {
            [(*ours, work.and_then(|board| board.at(*ours))), (*theirs, other.and_then(|board| board.at(*theirs)))]
        };
        found.map(pair).filter(|pair| pair.iter().any(|(_, tile)| tile.is_some())).collect()
    }
}

fn start_ms(side: &First, stretch: &Stretch) -> u64 {
    match side {
        First::Work => stretch.start_ms,
        First::Other => stretch.other_start_ms,
    }
}
