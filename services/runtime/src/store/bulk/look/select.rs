//! From a selection, or from names, to works.
use std::collections::BTreeSet;

use anyhow::Context;
use pipeline::person::Sees;
use pipeline::selection::{Names, Selection};
use sqlx::{PgConnection, Postgres, QueryBuilder};
use uuid::Uuid;

use crate::store::bulk::which::{MAX_WORKS, Which};

/// The works, by time of entry; at most one more than [`MAX_WORKS`]. Named ones only from these contests.
pub(super) async fn ids(tx: &mut PgConnection, which: &Which, contests: &Sees) -> anyhow::Result<Vec<Uuid>> {
    match which {
        Which::Named(ids) => {
            let ids: Vec<Uuid> = ids.iter().take(MAX_WORKS + 1).map(|id| id.0).collect();
            let contests = contests.names();
            sqlx::query_scalar!(
                "/* named_works */
                select id from submissions where id = any($1) and ($2::text[] is null or contest = any($2)) order by id",
                &ids,
                contests.as_deref(),
            )
            .fetch_all(tx)
            .await
            .context("find the works")
        }
        Which::Selected(selection) => selected(tx, selection).await,
    }
}

async fn selected(tx: &mut PgConnection, selection: &Selection) -> anyhow::Result<Vec<Uuid>> {
    let engines = engines(tx, selection).await?;
    let mut sql = QueryBuilder::new("/* select_works */ select s.id");
    chosen(&mut sql, selection, engines);
    sql.push(" order by s.id limit ").push_bind(MAX_WORKS as i64 + 1);
    sql.build_query_scalar().persistent(false).fetch_all(tx).await.context("find the works")
}

/// Adds the tables and the filters of the selection, so that the planner sees only these. Works are `s`.
fn chosen(sql: &mut QueryBuilder<Postgres>, selection: &Selection, engines: Option<Vec<String>>) {
    sql.push(" from submissions s where true");
    for (column, names) in
        [("s.contest", &selection.contest), ("s.theme", &selection.theme), ("s.state", &selection.state)]
    {
        among(sql, column, names);
    }
    for (column, text) in [("s.title", &selection.title), ("s.recommending_unit", &selection.unit)] {
        if let Some(text) = text {
            sql.push(" and strpos(lower(").push(column).push("), lower(").push_bind(text.clone()).push(")) > 0");
        }
    }
    if let Some(from) = selection.entered_from {
        sql.push(" and s.created_at >= ").push_bind(from);
    }
    if let Some(before) = selection.entered_before {
        sql.push(" and s.created_at < ").push_bind(before);
    }
    with_delivery(sql, selection);
    with_rendition(sql, selection, engines);
}

/// Adds the values that a column may have, and those that it must not.
fn among(sql: &mut QueryBuilder<Postgres>, column: &str, names: &Names) {
    if !names.any.is_empty() {
        sql.push(" and ").push(column).push(" = any(").push_bind(list(&names.any)).push(")");
    }
    if !names.none.is_empty() {
        sql.push(" and ").push(column).push(" <> all(").push_bind(list(&names.none)).push(")");
    }
}

/// Adds the conditions on deliveries: states are those at the named partners, or at any.
fn with_delivery(sql: &mut QueryBuilder<Postgres>, selection: &Selection) {
    const OF: &str = " from deliveries d where d.submission = s.id";
    let (partner, delivery) = (&selection.partner, &selection.delivery);
    let mut add = |not: &str, partners: &BTreeSet<String>, states: &BTreeSet<String>| {
        sql.push(" and ").push(not).push("exists (select").push(OF);
        for (column, names) in [("d.partner", partners), ("d.state", states)] {
            if !names.is_empty() {
                sql.push(" and ").push(column).push(" = any(").push_bind(list(names)).push(")");
            }
        }
        sql.push(")");
    };
    if !partner.any.is_empty() || !delivery.any.is_empty() {
        add("", &partner.any, &delivery.any);
    }
    if !partner.none.is_empty() {
        add("not ", &partner.none, &BTreeSet::new());
    }
    if !delivery.none.is_empty() {
        add("not ", &partner.any, &delivery.none);
    }
}

/// Adds the conditions on the renditions in force.
fn with_rendition(sql: &mut QueryBuilder<Postgres>, selection: &Selection, engines: Option<Vec<String>>) {
    const OF: &str = "exists (select from renditions r where r.submission = s.id and r.in_force";
    let names = &selection.rendition;
    if !names.any.is_empty() || engines.is_some() {
        sql.push(" and ").push(OF);
        if !names.any.is_empty() {
            sql.push(" and r.name = any(").push_bind(list(&names.any)).push(")");
        }
        if let Some(engines) = engines {
            sql.push(" and r.engine = any(").push_bind(engines).push(")");
        }
        sql.push(")");
    }
    if !names.none.is_empty() {
        sql.push(" and not ").push(OF).push(" and r.name = any(").push_bind(list(&names.none)).push("))");
    }
}

fn list(names: &BTreeSet<String>) -> Vec<String> {
    names.iter().cloned().collect()
}

/// Engines of renditions in force that match the selection; `None` if it has no such condition. An installation has
/// seen a handful, and versions are compared in only one place.
async fn engines(tx: &mut PgConnection, selection: &Selection) -> anyhow::Result<Option<Vec<String>>> {
    if selection.engine.is_empty() {
        return Ok(None);
    }
    let engines = sqlx::query_scalar!(
        r#"/* engines */
        with recursive engines (engine) as (
            -- Each engine once, by as many steps along the index.
            (select engine from renditions where in_force order by engine limit 1)
            union all
            select (select engine from renditions where in_force and engine > engines.engine order by engine limit 1)
            from engines where engines.engine is not null
        )
        select engine as "engine!" from engines where engine is not null"#,
    )
    .fetch_all(tx)
    .await
    .context("list the engines")?;
    Ok(Some(engines.into_iter().filter(|engine| selection.selects_engine(engine)).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(selection: &str) -> String {
        let selection: Selection = selection.parse().unwrap();
        let mut sql = QueryBuilder::new("select 1");
        let engines = (!selection.engine.is_empty()).then(Vec::new);
        chosen(&mut sql, &selection, engines);
        sql.sql().as_str().to_owned()
    }

    #[test]
    fn a_query_names_the_filters_that_are_given_and_no_other() {
        let all = "select 1 from submissions s where true";
        let delivery = "exists (select from deliveries d where d.submission = s.id";
        let rendition = "exists (select from renditions r where r.submission = s.id and r.in_force";
        for (selection, filters) in [
            ("state=published", "s.state = any($1)".to_owned()),
            ("contest!=demo", "s.contest <> all($1)".to_owned()),
            ("partner=cctv delivery=live", format!("{delivery} and d.partner = any($1) and d.state = any($2))")),
            ("partner!=cctv", format!("not {delivery} and d.partner = any($1))")),
            ("delivery!=live", format!("not {delivery} and d.state = any($1))")),
            ("engine<1.2", format!("{rendition} and r.engine = any($1))")),
            ("rendition!=main", format!("not {rendition} and r.name = any($1))")),
        ] {
            assert_eq!(text(selection), format!("{all} and {filters}"), "{selection}");
        }
        let both = format!(
            "{all} and {delivery} and d.partner = any($1)) and not {delivery} and d.partner = any($2) and d.state = any($3))"
        );
        assert_eq!(text("partner=cctv delivery!=live"), both, "a state is one at the partners that are named");
    }
}
