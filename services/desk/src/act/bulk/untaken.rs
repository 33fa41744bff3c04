//! Texts of works to be released that partners do not accept: reported before the release, by partner and reason. The
//! rules are those of the release of a single work.
use std::collections::BTreeMap;

use pipeline::catalogue::Catalogue;
use pipeline::id::PartnerId;
use runtime::store::Transaction;
use runtime::store::bulk::{Entered, Looked, entered};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// Works whose texts a dry run reads: each is some kilobytes, checked against the rules of every partner. Beyond it,
/// the dry run reports how many works it did not read.
const MOST_READ: u64 = 20_000;
/// Works that are listed of each kind.
const EXAMPLES: usize = 2;

/// What a partner does not accept in some works' texts. Until it is corrected with `texts`, before the release or
/// after, nothing of such a work is sent there.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Untaken {
    /// The partner.
    pub partner: String,
    /// Stable name, such as `title_too_short`.
    pub code: String,
    /// How many works.
    pub works: u64,
    /// The first of them.
    pub examples: Vec<Example>,
}

/// One of these works.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = UntakenExample)]
pub struct Example {
    /// The work.
    pub id: Uuid,
    /// Its title.
    pub title: String,
    /// What is wrong, in Chinese.
    pub zh: String,
    /// What is wrong, in English.
    pub en: String,
}

/// The findings, and how many works were not read.
#[derive(Debug, Default)]
pub(super) struct Found {
    by_kind: BTreeMap<(String, String), Untaken>,
    pub(super) unread: u64,
}

/// Reads the texts of the works that would be sent to partners, batch by batch.
pub(super) async fn look(catalogue: &Catalogue, tx: &mut Transaction, looked: &Looked) -> anyhow::Result<Found> {
    let (mut found, mut read) = (Found::default(), 0);
    for (partners, works) in looked.bundles() {
        if read >= MOST_READ {
            found.unread += works.len() as u64;
            continue;
        }
        read += works.len() as u64;
        for work in entered(&mut *tx, works).await? {
            for partner in partners {
                found.add(catalogue, &work, partner);
            }
        }
    }
    Ok(found)
}

impl Found {
    fn add(&mut self, catalogue: &Catalogue, work: &Entered, partner: &PartnerId) {
        let entry = work.form.entry();
        for warning in entry.warnings(catalogue, &work.contest, partner, work.own.get(partner)) {
            let (partner, code) = (warning.partner, warning.code);
            let kind = self.by_kind.entry((partner.clone(), code.clone()));
            let kind = kind.or_insert_with(|| Untaken { partner, code, works: 0, examples: Vec::new() });
            kind.works += 1;
            if kind.examples.len() < EXAMPLES {
                let title = work.form.title.clone();
                kind.examples.push(Example { id: work.id, title, zh: warning.zh, en: warning.en });
            }
        }
    }

    /// By partner and reason.
    pub(super) fn all(self) -> Vec<Untaken> {
        self.by_kind.into_values().collect()
    }
}

#[cfg(test)]
mod tests {
    use runtime::store::submissions::FormText;

    use super::*;

    #[test]
    fn each_reason_of_a_partner_is_counted_with_the_first_works_as_examples() {
        let catalogue = Catalogue::builtin();
        let contest = catalogue.contest(&"demo".into()).unwrap();
        let partners = ["weixin_channels", "bilibili"].map(PartnerId::new);
        let mut found = Found::default();
        for (n, title) in ["早", "一座工厂的早晨", "晨", "晚"].into_iter().enumerate() {
            let form = FormText { title: title.into(), synopsis: String::new(), theme: contest.themes[0].id.clone() };
            let (id, contest) = (Uuid::from_u128(n as u128), contest.id.clone());
            let work = Entered { id, contest, form, own: BTreeMap::new() };
            partners.iter().for_each(|partner| found.add(&catalogue, &work, partner));
        }
        let all = found.all();
        let [short] = &all[..] else { panic!("{all:?}") };
        assert_eq!(
            (short.partner.as_str(), short.code.as_str(), short.works),
            ("weixin_channels", "title_too_short", 3)
        );
        let examples: Vec<_> = short.examples.iter().map(|it| (it.id.as_u128(), it.title.as_str())).collect();
        assert_eq!(examples, [(0, "早"), (2, "晨")]);
        assert!(short.examples[0].zh.contains("标题") && short.examples[0].en.contains("title"), "{short:?}");
    }
}
