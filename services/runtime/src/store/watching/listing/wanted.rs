//! Which works a list has: the filters that are given, as the text of a query.
use pipeline::id::{PartnerId, SubmissionId};
use pipeline::person::Sees;
use pipeline::receipt::Receipt;
use sqlx::{Postgres, QueryBuilder};

/// The most rows on one page.
pub const MOST_ROWS: u32 = 200;

/// Which submissions to list, newest first. Every given field narrows the list.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// Only these contests.
    pub contests: Sees,
    /// Only this state, by its name.
    pub state: Option<String>,
    /// Only this theme.
    pub theme: Option<String>,
    /// Only works with a delivery to this partner.
    pub partner: Option<PartnerId>,
    /// Only works with a delivery in this state, by its name; with `partner`, to that partner.
    pub delivery: Option<String>,
    /// Only works whose title contains this, ignoring case; or, if it is the number of a receipt, the work with this
    /// number.
    pub title: Option<String>,
    /// Only works whose recommending unit contains this, ignoring case.
    pub unit: Option<String>,
    /// Only works entered before this one; for the next page.
    pub before: Option<SubmissionId>,
    /// At most this many, capped.
    pub limit: u32,
}

impl Wanted {
    /// The number of a receipt, if one was typed into the search for titles.
    pub(super) fn receipt(&self) -> Option<Receipt> {
        self.title.as_ref().and_then(|text| text.parse().ok())
    }
}

/// Adds the tables and every filter that an index serves. Works are `s`.
pub(super) fn chosen(sql: &mut QueryBuilder<Postgres>, wanted: &Wanted, before: Option<SubmissionId>) {
    sql.push(" from submissions s where true");
    within(sql, "s.contest", &wanted.contests);
    for (column, value) in [("s.state", wanted.state.clone()), ("s.theme", wanted.theme.clone())] {
        if let Some(value) = value {
            sql.push(" and ").push(column).push(" = ").push_bind(value);
        }
    }
    if wanted.partner.is_some() || wanted.delivery.is_some() {
        sql.push(" and exists (select from deliveries d where d.submission = s.id");
        if let Some(partner) = &wanted.partner {
            sql.push(" and d.partner = ").push_bind(partner.as_str().to_owned());
        }
        if let Some(state) = &wanted.delivery {
            sql.push(" and d.state = ").push_bind(state.clone());
        }
        sql.push(")");
    }
    if let Some(receipt) = wanted.receipt() {
        sql.push(" and s.receipt = ").push_bind(receipt.to_string());
    }
    if let Some(before) = before {
        sql.push(" and s.id < ").push_bind(before.0);
    }
}

/// Adds the contests for a column. A single contest is compared directly, so that its index also gives the order.
pub(in crate::store) fn within(sql: &mut QueryBuilder<Postgres>, column: &str, contests: &Sees) {
    if let Some(one) = contests.one() {
        sql.push(" and ").push(column).push(" = ").push_bind(one.to_string());
    } else if let Some(names) = contests.names() {
        sql.push(" and ").push(column).push(" = any(").push_bind(names).push(")");
    }
}

/// Adds filters without an index, and the limit of their search.
pub(super) fn searched(sql: &mut QueryBuilder<Postgres>, wanted: &Wanted, floor: Option<SubmissionId>) {
    let title = if wanted.receipt().is_some() { &None } else { &wanted.title };
    for (column, text) in [("s.title", title), ("s.recommending_unit", &wanted.unit)] {
        if let Some(text) = text {
            sql.push(" and strpos(lower(").push(column).push("), lower(").push_bind(text.clone()).push(")) > 0");
        }
    }
    if let Some(floor) = floor {
        sql.push(" and s.id >= ").push_bind(floor.0);
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_receipts_number_is_looked_up_by_its_index() {
        let number = Receipt::new("GQ24", 7).to_string();
        let of = |title: &str| text(&Wanted { title: Some(title.into()), ..Wanted::default() });
        assert_eq!(of(&number), "select 1 from submissions s where true and s.receipt = $1");
        assert_eq!(of(&number.replace('-', " ")), of(&number));
        assert!(!of("GQ24").contains("receipt"));
    }

    fn text(wanted: &Wanted) -> String {
        let mut sql = QueryBuilder::new("select 1");
        chosen(&mut sql, wanted, wanted.before);
        searched(&mut sql, wanted, None);
        sql.sql().as_str().to_owned()
    }

    #[test]
    fn a_query_names_the_filters_that_are_given_and_no_other() {
        assert_eq!(text(&Wanted::default()), "select 1 from submissions s where true");
        let of = |contests: &[&str]| {
            let contests = Sees::Only(contests.iter().map(|it| (*it).into()).collect());
            text(&Wanted { contests, ..Wanted::default() })
        };
        assert_eq!(of(&["demo"]), "select 1 from submissions s where true and s.contest = $1");
        for contests in [&["demo", "small"][..], &[]] {
            assert_eq!(of(contests), "select 1 from submissions s where true and s.contest = any($1)");
        }
        let unknown =
            Wanted { delivery: Some("unknown".into()), before: Some(SubmissionId(Uuid::nil())), ..Wanted::default() };
        assert_eq!(
            text(&unknown),
            "select 1 from submissions s where true \
             and exists (select from deliveries d where d.submission = s.id and d.state = $1) and s.id < $2"
        );
        let titled = Wanted { title: Some("x".into()), partner: Some("cctv".into()), ..Wanted::default() };
        assert_eq!(
            text(&titled),
            "select 1 from submissions s where true \
             and exists (select from deliveries d where d.submission = s.id and d.partner = $1) \
             and strpos(lower(s.title), lower($2)) > 0"
        );
    }
}
