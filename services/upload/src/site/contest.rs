//! `/` and `/contests/{contest}`: what a contest requires of works, until when, and contacts. If only one contest is
//! open, its page is at the root; otherwise the root lists all.
use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use chrono::{DateTime, TimeDelta, Utc};
use pages::Say;
use pipeline::catalogue::Contest;
use pipeline::screening::Rule;
use runtime::problem::{Code, Problem};

use super::shell::Shell;
use super::{film, shown};
use crate::app::App;

/// The state of a contest by the clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Phase {
    Open,
    NotYet,
    Over,
}

#[derive(Template)]
#[template(path = "contest.html")]
struct ContestPage {
    shell: Shell,
    contest: Contest,
    times: Times,
    /// The limits by which the page's module checks a film.
    limits: String,
}

#[derive(Template)]
#[template(path = "contests.html")]
struct ContestsPage {
    shell: Shell,
    listed: Vec<Listed>,
}

/// A contest in the list.
struct Listed {
    say: Say,
    contest: Contest,
    times: Times,
}

/// The state of a contest, and the times it depends on.
struct Times {
    phase: Phase,
    /// When it opens, if that is in the future.
    opens: Option<DateTime<Utc>>,
    deadline: Option<DateTime<Utc>>,
}

/// GET /.
pub(crate) async fn root(State(app): State<Arc<App>>, shell: Shell) -> Result<Response, Problem> {
    let mut contests: Vec<Contest> = app.catalogue.contests.values().cloned().collect();
    contests.sort_by_key(|contest| phase(contest, shell.now));
    let open = contests.iter().filter(|contest| phase(contest, shell.now) == Phase::Open).count();
    if open == 1 || contests.len() == 1 {
        return page(shell, contests.swap_remove(0));
    }
    let (say, now) = (shell.say, shell.now);
    let listed = |contest: Contest| Listed { say, times: Times::of(&contest, now), contest };
    let listed = contests.into_iter().map(listed).collect();
    shown(&ContestsPage { shell, listed })
}

/// GET /contests/{contest}.
pub(crate) async fn one(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    shell: Shell,
) -> Result<Response, Problem> {
    let contest = app.catalogue.contest(&id.as_str().into()).ok_or(Code::RouteUnknown)?;
    page(shell, contest.clone())
}

fn page(shell: Shell, contest: Contest) -> Result<Response, Problem> {
    let times = Times::of(&contest, shell.now);
    let limits = film::limits(&contest)?;
    shown(&ContestPage { shell, contest, times, limits })
}

fn phase(contest: &Contest, now: DateTime<Utc>) -> Phase {
    match contest.opens_at {
        _ if contest.accepts(now) => Phase::Open,
        Some(opens) if now < opens => Phase::NotYet,
        _ => Phase::Over,
    }
}

impl Times {
    fn of(contest: &Contest, now: DateTime<Utc>) -> Self {
        let phase = phase(contest, now);
        let opens = contest.opens_at.map(|at| at.to_utc()).filter(|_| phase == Phase::NotYet);
        Self { phase, opens, deadline: contest.deadline.map(|at| at.to_utc()) }
    }

    fn is_open(&self) -> bool {
        self.phase == Phase::Open
    }

    /// The class of its tag.
    fn tone(&self) -> &'static str {
        match self.phase {
            Phase::Open => "ok",
            Phase::NotYet => "wait",
            Phase::Over => "",
        }
    }

    fn label(&self, say: &Say) -> &'static str {
        match self.phase {
            Phase::Open => say.t("正在征选", "open"),
            Phase::NotYet => say.t("尚未开始", "not yet open"),
            Phase::Over => say.t("已截止", "closed"),
        }
    }
}

/// The last minute before the deadline: people read 24:00 of a day as that day, and 00:00 as the day before.
fn last_minute(deadline: &DateTime<Utc>, say: Say) -> String {
    let before = *deadline - TimeDelta::minutes(1);
    let (day, time) = (say.date(&before), say.time(deadline));
    if time.ends_with("00:00") { format!("{day} 24:00") } else { time }
}

impl ContestPage {
    fn title(&self, rule: &Rule) -> &'static str {
        rule.title(self.shell.say.lang)
    }

    fn judged(&self) -> [film::Judged; 4] {
        film::judged(self.shell.say.lang)
    }

    fn last_minute(&self, deadline: &DateTime<Utc>) -> String {
        last_minute(deadline, self.shell.say)
    }

    /// What an entrant can do now.
    fn advice(&self) -> &'static str {
        let say = self.shell.say;
        match self.times.phase {
            Phase::Open => say.t(
                "须在截止时间前开始上传，以服务器时间为准。",
                "The upload has to begin before the deadline, by the server's clock.",
            ),
            Phase::NotYet => {
                say.t("开始后即可报名并上传作品。", "Works can be entered and uploaded once it has opened.")
            }
            Phase::Over => say.t(
                "报名已经结束。已报名的作品仍可查询进度。",
                "Entries are no longer taken. Works that were entered go on.",
            ),
        }
    }
}

impl Listed {
    fn last_minute(&self, deadline: &DateTime<Utc>) -> String {
        last_minute(deadline, self.say)
    }
}

#[cfg(test)]
mod tests {
    use pipeline::catalogue::Catalogue;
    use pipeline::lang::Lang;

    use super::*;

    #[test]
    fn midnight_is_the_end_of_the_day_before() {
        let say = Say::new(Lang::Zh);
        assert_eq!(last_minute(&"2024-07-31T16:00:00Z".parse().unwrap(), say), "2024-07-31 24:00");
        assert_eq!(last_minute(&"2024-07-31T09:30:00Z".parse().unwrap(), say), "2024-07-31 17:30");
    }

    #[test]
    fn a_contest_is_not_yet_open_then_open_then_over() {
        let mut contest = Catalogue::builtin().contests[&"industry-power-2024".into()].clone();
        contest.opens_at = Some("2024-05-01T00:00:00+08:00".parse().unwrap());
        let at = |text: &str| phase(&contest, text.parse().unwrap());
        assert_eq!(at("2024-04-30T15:59:59Z"), Phase::NotYet);
        assert_eq!(at("2024-04-30T16:00:00Z"), Phase::Open);
        assert_eq!(at("2024-07-31T15:59:59Z"), Phase::Open);
        assert_eq!(at("2024-07-31T16:00:00Z"), Phase::Over);
    }
}
