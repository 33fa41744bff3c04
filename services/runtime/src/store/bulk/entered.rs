//! The texts of the works that a release would send to partners, a limited number at a time.
use std::collections::{BTreeMap, BTreeSet};

use anyhow::Context;
use pipeline::id::{ContestId, PartnerId};
use pipeline::preflight::Texts;
use sqlx::PgConnection;
use sqlx::types::Json;
use uuid::Uuid;

use super::look::Looked;
use crate::store::submissions::FormText;

/// Works whose texts are in memory at the same time; each has some kilobytes.
const AT_ONCE: usize = 500;

/// The texts of one work.
#[derive(Clone, Debug)]
pub struct Entered {
    /// The work.
    pub id: Uuid,
    /// Its contest.
    pub contest: ContestId,
    /// The form.
    pub form: FormText,
    /// What was written for partners.
    pub own: BTreeMap<PartnerId, Texts>,
}

impl Looked {
    /// The works of a release that would go to the same partners, in groups of at most 500.
    pub fn bundles(&self) -> impl Iterator<Item = (&BTreeSet<PartnerId>, &[Uuid])> {
        self.recipients.iter().flat_map(|(partners, works)| works.chunks(AT_ONCE).map(move |some| (partners, some)))
    }
}

/// The texts of these works, by time of entry.
pub async fn entered(tx: &mut PgConnection, works: &[Uuid]) -> anyhow::Result<Vec<Entered>> {
    let rows = sqlx::query!(
        r#"/* entered_texts */
        select s.id, s.contest, s.title, s.synopsis, s.theme,
            (select jsonb_object_agg(t.partner, t.texts) from partner_texts t where t.submission = s.id)
                as "own: Json<BTreeMap<String, Texts>>"
        from submissions s where s.id = any($1) order by s.id"#,
        works,
    )
    .fetch_all(tx)
    .await
    .context("read the texts of works")?;
    let entered = rows.into_iter().map(|row| Entered {
        id: row.id,
        contest: ContestId::new(row.contest),
        form: FormText { title: row.title, synopsis: row.synopsis, theme: row.theme },
        own: row.own.into_iter().flat_map(|own| own.0).map(|(id, texts)| (PartnerId::new(id), texts)).collect(),
    });
    Ok(entered.collect())
}
