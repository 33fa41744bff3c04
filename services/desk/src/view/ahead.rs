//! What happens next with a work as a whole, and who must act. For single deliveries, `next` is more precise.
use pages::Say;
use pipeline::person::Role;

use super::work::Work;

/// Who must act next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// The entrant uploads.
    Entrant,
    /// The machines work, or a partner reviews the work and we poll it.
    System,
    /// A person with this role acts.
    Person(Role),
    /// Nothing more happens without a new decision.
    End,
}

/// What comes next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ahead {
    /// Who must act next.
    pub turn: Turn,
    /// What comes next, in Chinese.
    pub zh: &'static str,
    /// In English.
    pub en: &'static str,
}

impl Ahead {
    /// Who acts, in words.
    pub fn who(&self, say: Say) -> &'static str {
        match self.turn {
            Turn::Entrant => say.t("报送人", "the entrant"),
            Turn::System => say.t("系统", "the system"),
            Turn::Person(role) => say.role(role),
            Turn::End => say.t("无", "nothing"),
        }
    }
}

/// What comes next with a work.
pub fn ahead(work: &Work) -> Ahead {
    let parked = work.parts.iter().any(|part| part.run == work.run && part.status == "parked");
    let by_hand = work.deliveries.iter().any(|delivery| delivery.next.is_some());
    let waits = work.deliveries.iter().any(|it| match it.desired {
        "live" => !matches!(it.state, "live" | "refused"),
        _ => !matches!(it.state, "recalled" | "refused"),
    });
    if work.replacing && work.state == "rejected" && !parked {
        let (zh, en) = ("报送人申请更换影片，等待新影片传完。", "The entrant announced another film; it is awaited.");
        return Ahead { turn: Turn::Entrant, zh, en };
    }
    coming(work.state, parked, by_hand, waits)
}

fn coming(state: &str, parked: bool, by_hand: bool, waits: bool) -> Ahead {
    let next = |turn, zh, en| Ahead { turn, zh, en };
    let people = Turn::Person;
    if parked {
        let (zh, en) = ("处理多次失败，需要重试。", "A part failed too often; it has to be tried again.");
        return next(people(Role::Operator), zh, en);
    }
    match state {
        "uploading" => next(Turn::Entrant, "等待影片传完。", "The film is being uploaded."),
        "probe" | "screen" => next(Turn::System, "正在检测和自动初筛。", "It is being measured and screened."),
        "awaiting_review" => next(people(Role::Screener), "等待初筛决定。", "A reviewer decides."),
        "transcode" | "assemble" => next(Turn::System, "正在制作各平台文件。", "The partners' files are being made."),
        "awaiting_release" => {
            next(people(Role::Organiser), "文件已备齐，等待批准发布。", "All files are ready and await release.")
        }
        _ if by_hand => next(
            people(Role::Operator),
            "有平台须由人工办理，见“投放”。",
            "A partner waits for a person; see Deliveries.",
        ),
        _ if waits => {
            next(Turn::System, "正在等待平台完成，系统会自动查询。", "Waiting for partners; the system polls them.")
        }
        "publish" => next(Turn::System, "正在投放到各平台。", "It is being delivered to partners."),
        "published" => next(Turn::End, "已完成投放。", "Everything is delivered."),
        "rejected" => next(Turn::End, "未通过，不再处理。", "It was rejected; nothing more happens."),
        _ => next(Turn::End, "已撤下，不再处理。", "It was withdrawn or recalled; nothing more happens."),
    }
}

#[cfg(test)]
mod tests {
    use pipeline::submission::State;

    use super::*;

    #[test]
    fn every_state_has_a_turn() {
        let turn = |state| coming(state, false, false, false).turn;
        for state in State::NAMES {
            let ends = matches!(state, "published" | "rejected" | "withdrawn" | "revoked");
            assert_eq!(turn(state) == Turn::End, ends, "{state}");
        }
        assert_eq!(turn("awaiting_review"), Turn::Person(Role::Screener));
        assert_eq!(turn("awaiting_release"), Turn::Person(Role::Organiser));
    }

    #[test]
    fn what_waits_for_a_person_comes_before_what_goes_on_by_itself() {
        assert_eq!(coming("transcode", true, false, false).turn, Turn::Person(Role::Operator));
        assert_eq!(coming("revoked", false, true, true).turn, Turn::Person(Role::Operator), "a recall by hand");
        assert_eq!(coming("revoked", false, false, true).turn, Turn::System);
        assert_eq!(coming("published", false, false, true).turn, Turn::System);
    }
}
