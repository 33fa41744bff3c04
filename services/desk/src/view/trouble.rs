//! Trouble: everything that does not continue by itself, the most pressing first, each with a sentence and the command
//! that resolves it.
use chrono::{DateTime, Utc};
use pipeline::catalogue::Catalogue;
use pipeline::person::Sees;
use runtime::problem::{Code, Detail, Problem};
use runtime::serving::openapi::vocabulary::TroubleCode;
use runtime::store::watching::listing::MOST_ROWS;
use runtime::store::watching::trouble::Trouble;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::contests_of;
use crate::Desk;
use crate::act::Caller;
use command::command;

mod command;

/// Which trouble.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct TroubleFilter {
    /// Only this contest's works.
    pub contest: Option<String>,
    /// 1 to 200, 100 if absent.
    pub limit: Option<u32>,
}

/// One thing that needs a person.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Item {
    /// What kind of trouble.
    #[schema(value_type = TroubleCode)]
    pub code: String,
    /// The work; absent if it is about a partner's account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub submission: Option<Uuid>,
    /// Its contest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contest: Option<String>,
    /// Its title.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// `STAGE/PART` of a part, or the partner.
    pub place: String,
    /// For how long, seconds.
    pub age_s: f64,
    /// When it is due.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub due: Option<DateTime<Utc>>,
    /// What it is, in Chinese.
    pub zh: &'static str,
    /// What it is, in English.
    pub en: &'static str,
    /// The last error, or the partner's words, verbatim.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub words: Option<String>,
    /// The command that resolves it, or that shows more if a person must look first.
    pub command: String,
}

/// The most items of one answer.
const MOST: u32 = MOST_ROWS;
/// Items by default.
const USUAL: u32 = 100;

/// Lists what needs a person. Accounts belong to all contests.
pub async fn trouble(desk: &Desk, caller: &Caller, filter: &TroubleFilter) -> Result<Vec<Item>, Problem> {
    let contests = contests_of(desk, caller, filter.contest.as_deref())?;
    let limit = filter.limit.unwrap_or(USUAL);
    if !(1..=MOST).contains(&limit) {
        return Err(Code::QueryWrong.about(Detail::new(format!("1 至 {MOST}"), format!("1 to {MOST}")).of("limit")));
    }
    within(desk, &contests, limit).await
}

/// What needs attention in these contests.
pub(crate) async fn within(desk: &Desk, contests: &Sees, limit: u32) -> Result<Vec<Item>, Problem> {
    let found = desk.store.trouble(contests, limit).await?;
    Ok(found.into_iter().map(|trouble| Item::of(trouble, &desk.catalogue)).collect())
}

impl Item {
    fn of(trouble: Trouble, catalogue: &Catalogue) -> Self {
        let (zh, en) = sentence(&trouble.kind);
        let command = command(&trouble, catalogue);
        Self {
            code: trouble.kind,
            submission: trouble.submission,
            contest: trouble.contest,
            title: trouble.title,
            place: trouble.place,
            age_s: trouble.since_s.max(0.0),
            due: trouble.due,
            zh,
            en,
            words: trouble.words,
            command,
        }
    }
}

fn sentence(kind: &str) -> (&'static str, &'static str) {
    match kind {
        "stuck" => {
            ("任务缺失或多余，系统未能自行修复。", "A part is missing or one too many, and was not repaired by itself.")
        }
        "overdue_recall" => ("下架已过期限，尚未证明。", "The recall is past its deadline and not proven."),
        "credentials_refused" => ("平台拒绝了我们的凭证。", "The partner refuses our credentials."),
        "recall_waits" => {
            ("须由人工在平台下架，并提交凭据。", "A person has to take it down at the partner and prove it.")
        }
        "unknown_delivery" => {
            ("已发送，结果不明已超过三十分钟。", "It was sent, and for thirty minutes the result is unknown.")
        }
        "no_progress" => ("二十分钟没有进展。", "There was no progress for twenty minutes."),
        "parked" => ("多次失败，已停下。", "It failed too often and was parked."),
        "refused_delivery" => ("平台拒绝了该作品。", "The partner refuses the work."),
        "waits_for_person" => ("等待人工完成投放。", "The delivery waits for a person."),
        // Every kind of the store is listed above, and a test compares the lists.
        _ => ("须人工处理。", "It needs a person."),
    }
}

#[cfg(test)]
mod tests {
    use runtime::store::watching::trouble::KINDS;

    use super::*;

    #[test]
    fn every_kind_has_a_sentence_of_its_own() {
        let sentences: std::collections::BTreeSet<_> = KINDS.into_iter().map(sentence).collect();
        assert_eq!(sentences.len(), KINDS.len());
        assert!(!sentences.contains(&sentence("another")));
    }
}
