//! The parts of an act on many works that cannot be undone: shown before it is done.
use pipeline::catalogue::Catalogue;
use pipeline::id::PartnerId;
use pipeline::partner::{DeliveryMethod, Replacement};
use runtime::store::bulk::Ask;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::effect::Effect;
use super::estimate::Held;

/// Something that cannot be undone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Lasting {
    /// Which kind.
    pub code: Kind,
    /// At which partner; absent if it is about the works themselves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partner: Option<String>,
    /// How many works.
    pub works: u64,
    /// What it is, in Chinese.
    pub zh: String,
    /// What it is, in English.
    pub en: String,
}

/// What cannot be undone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = LastingKind)]
pub enum Kind {
    /// Works are out of the contest permanently.
    Revoked,
    /// The address at a partner, with its plays and comments, is lost.
    AddressLost,
    /// Copies that the public made cannot be withdrawn.
    SeenByPublic,
    /// A recall there is done by a person.
    RemovalByHand,
}

/// A kind with its sentences in Chinese and English.
struct Sentence {
    code: Kind,
    zh: &'static str,
    en: &'static str,
}

const REVOKED: Sentence = Sentence {
    code: Kind::Revoked,
    zh: "作品整体撤下后，不能再发布或重新处理。",
    en: "A work that is recalled as a whole cannot be released or reprocessed again.",
};
const ADDRESS_LOST: Sentence = Sentence {
    code: Kind::AddressLost,
    zh: "该平台上的地址、播放量和评论随之失去，再次投放不能恢复。",
    en: "The address, the plays and the comments there are lost; a later delivery does not restore them.",
};
const SEEN_BY_PUBLIC: Sentence = Sentence {
    code: Kind::SeenByPublic,
    zh: "发布后公众即可观看和转存，撤下不能收回副本。",
    en: "Once published, people can watch and copy it; a recall does not take back copies.",
};
const REMOVAL_BY_HAND: Sentence = Sentence {
    code: Kind::RemovalByHand,
    zh: "该平台没有删除接口，撤下须由人工完成。",
    en: "The partner has no interface to delete works; a recall there is done by a person.",
};

/// What a job would change, as forecast by its dry run.
pub(super) struct Forecast<'a> {
    /// Works that the act can change now.
    pub(super) works: u64,
    /// What partners have of them; of new runs only.
    pub(super) held: &'a [Held],
    /// What partners would receive, or lose.
    pub(super) effects: &'a [Effect],
}

/// The parts of a job that cannot be undone.
pub(super) fn lasting(catalogue: &Catalogue, ask: &Ask, forecast: &Forecast) -> Vec<Lasting> {
    let Forecast { works, held, effects } = *forecast;
    let mut found = Vec::new();
    let mut add = |Sentence { code, zh, en }: Sentence, partner: Option<&str>, works: u64| {
        if works > 0 {
            let (zh, en) = (zh.to_owned(), en.to_owned());
            found.push(Lasting { code, partner: partner.map(ToOwned::to_owned), works, zh, en });
        }
    };
    match ask {
        Ask::Reprocess { .. } => {
            for held in held {
                let way = Replacement::called(&held.replacement);
                if matches!(way, Some(Replacement::DeleteAndResubmit | Replacement::ByOperator)) {
                    add(ADDRESS_LOST, Some(&held.partner), held.replaced);
                }
            }
        }
        Ask::Release { .. } => {
            add(SEEN_BY_PUBLIC, None, works);
            for effect in effects {
                let method = catalogue.partner(&PartnerId::new(effect.partner.as_str())).map(|it| it.method);
                if matches!(method, Some(DeliveryMethod::Douyin | DeliveryMethod::Operator)) {
                    add(REMOVAL_BY_HAND, Some(&effect.partner), effect.works);
                }
            }
        }
        Ask::Recall { partners, .. } => {
            if partners.is_none() {
                add(REVOKED, None, works);
            }
            for effect in effects {
                add(ADDRESS_LOST, Some(&effect.partner), effect.live);
            }
        }
    }
    found
}
