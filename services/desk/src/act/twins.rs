//! Decides about a work that resembles another one: the same work is refused, a different one is accepted. The decision
//! is held as every reviewer's is, with the pair in the audit trail; the entrant reads nothing about the other entry.
use pipeline::id::SubmissionId;
use pipeline::lang::Lang;
use pipeline::screening::Rule;
use pipeline::text::Limit;
use runtime::problem::{Code, Detail, Problem};
use runtime::serving::typed;
use runtime::store::submissions::SubmissionRow;
use serde::Deserialize;

use super::decide::{self, Held, Wish};
use super::review::Decision;
use super::{Caller, Done};
use crate::Desk;
use crate::view::beside::found;
use crate::view::work::find;

/// The finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Finding {
    /// The same work was entered twice: this one is refused.
    Same,
    /// They are different works: this one is accepted.
    Different,
}

/// A person's finding about two works.
#[derive(Clone, Debug)]
pub struct Twins {
    /// The other work.
    pub other: SubmissionId,
    /// The finding.
    pub finding: Finding,
    /// The text for the entrant of the same work; [`phrase`] if missing.
    pub words: Option<String>,
}

/// The text for the entrant of a work that was entered twice: the catalogue's first phrase for it, in the contest's
/// language.
pub fn phrase(desk: &Desk) -> &str {
    let phrase = desk.catalogue.phrases.iter().find(|phrase| phrase.rule == Some(Rule::Duplicate));
    phrase.map_or("该作品已经参选；同一件作品不可重复投稿。", |phrase| phrase.text(Lang::Zh))
}

impl Finding {
    fn decision(self) -> Decision {
        match self {
            Finding::Different => Decision::Accept,
            Finding::Same => Decision::Refuse,
        }
    }

    /// For the reason in the audit trail.
    fn zh(self) -> &'static str {
        match self {
            Finding::Different => "不同作品",
            Finding::Same => "同一作品",
        }
    }
}

/// Refuses or accepts a work that awaits review and that resembles the other one according to screening.
///
/// # Errors
/// As `decide`; `submission_unknown` for a work that the caller may not see; `state_wrong` if screening found no
/// similarity; `field_wrong` for words that name the other entry.
pub async fn decide(desk: &Desk, caller: &Caller, id: SubmissionId, wish: Twins) -> Result<Done<Held>, Problem> {
    let (work, other) = (find(desk, caller, id).await?, find(desk, caller, wish.other).await?);
    if found(&work, &other).is_none() {
        return Err(
            Code::StateWrong.about(Detail::new("自动初筛未发现这两件作品相似", "screening found nothing in common"))
        );
    }
    let words = match wish.finding {
        Finding::Different => None,
        Finding::Same => {
            let words = typed::optional("words", wish.words.as_deref(), Limit::REASON)?;
            let words = words.unwrap_or_else(|| phrase(desk).to_owned());
            if names(&words, &work, &other) {
                let detail = Detail::new("不得提及另一件作品的信息", "nothing about the other entry");
                return Err(Code::FieldWrong.about(detail.of("words")));
            }
            Some(words)
        }
    };
    let found = wish.finding.zh();
    let by = caller.because(Some(&format!("与《{}》（{}）比对：{found}", other.title, other.id)))?;
    let decision = wish.finding.decision();
    let wish = Wish { decision, words, phrase: None, lang: Lang::Zh, run: Some(work.machine.run) };
    decide::decide(desk, &Caller { by, ..caller.clone() }, id, wish).await
}

/// Whether these words reveal the other entry: its id, its title or its unit, unless this entry has the same.
fn names(words: &str, work: &SubmissionRow, other: &SubmissionRow) -> bool {
    let ids = (work.id.to_string(), other.id.to_string());
    let of = [(&ids.0, &ids.1), (&work.title, &other.title), (&work.recommending_unit, &other.recommending_unit)];
    // A single character occurs in many words.
    let named = |text: &str| text.chars().count() > 1 && words.contains(text);
    of.into_iter().any(|(ours, theirs)| ours != theirs && named(theirs.trim()))
}
