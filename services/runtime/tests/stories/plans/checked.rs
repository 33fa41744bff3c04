//! The queries that the compiler checks, each with a generic plan and with one for its values.
use std::path::Path;

use serde_json::Value;
use sqlx::{AssertSqlSafe, Executor, PgConnection, Row};
use uuid::Uuid;

use super::plan::scans;

/// Queries that read a table whole, and why they may.
const MAY: [(&str, &str); 8] = [
    ("count_drafts", "for a new draft alone, and no more rows than drafts may be kept"),
    ("garbage_waiting", "counts what goes by itself, for a person's dry run"),
    ("key_ids", "asked by a person who is about to remove a key; every sealed value counts"),
    ("miscounted", "holds the counts against the tables, for tests and for those who doubt the figures"),
    ("old_attempts", "counts what a removal would find, for a person's dry run"),
    ("old_outputs", "counts what a removal would find, for a person's dry run"),
    ("personal_data_due", "counts what a removal would find, for a person's dry run"),
    ("superseded", "counts what a removal would find, for a person's dry run"),
];

/// Queries that run after `search_by_index`.
const BY_INDEX: [&str; 2] = ["search_fingerprints", "write_words"];

/// A query as its description holds it.
struct Query {
    name: String,
    text: String,
    /// Types of its parameters.
    types: Vec<String>,
}

pub(super) async fn explain_all(connection: &mut PgConnection) {
    let queries = described();
    for (name, _) in MAY {
        assert!(queries.iter().any(|it| it.name == name), "there is no query {name} any more");
    }
    let newest = sqlx::query_scalar("select id from submissions order by id desc limit 1");
    let newest: Uuid = newest.fetch_one(&mut *connection).await.unwrap();
    // As the services set it.
    connection.execute("set max_parallel_workers_per_gather = 0; set jit = off").await.unwrap();
    let mut found = Vec::new();
    for mode in ["force_generic_plan", "force_custom_plan"] {
        connection.execute(AssertSqlSafe(format!("set plan_cache_mode = {mode}"))).await.unwrap();
        for query in &queries {
            let scans = scans(&explain(connection, query, newest).await[0]["Plan"]);
            if !scans.is_empty() && !MAY.iter().any(|(name, _)| *name == query.name) {
                found.push(format!("{} ({mode}): {}", query.name, scans.join(", ")));
            }
        }
    }
    assert!(found.is_empty(), "what these queries take grows with the tables: {found:#?}");
}

/// All but those that change a setting, which have no plan.
fn described() -> Vec<Query> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../.sqlx");
    let files = std::fs::read_dir(&dir).unwrap_or_else(|error| panic!("{}: {error}", dir.display()));
    let mut queries: Vec<Query> = files.map(|file| parsed(&std::fs::read(file.unwrap().path()).unwrap())).collect();
    queries.retain(|it| !it.text.contains("*/ set "));
    queries.sort_by(|a, b| a.name.cmp(&b.name));
    assert!(queries.len() > 300, "the descriptions of all queries are in .sqlx");
    queries
}

fn parsed(file: &[u8]) -> Query {
    let file: Value = serde_json::from_slice(file).unwrap();
    let text = file["query"].as_str().unwrap().to_owned();
    let (_, rest) = text.split_once("/* ").unwrap();
    let name = rest.split_once(" */").unwrap().0.to_owned();
    // A type of the database is `{"Custom": …}`; none is a parameter.
    let types = file["describe"]["parameters"]["Left"].as_array().into_iter().flatten();
    Query { name, types: types.map(|it| it.as_str().unwrap().to_owned()).collect(), text }
}

async fn explain(connection: &mut PgConnection, query: &Query, newest: Uuid) -> Value {
    let by_index = BY_INDEX.contains(&query.name.as_str());
    let prepare =
        format!("set enable_seqscan = {}; prepare it as {}\n", if by_index { "off" } else { "on" }, query.text);
    connection.execute(AssertSqlSafe(prepare)).await.unwrap_or_else(|error| panic!("{}: {error}", query.name));
    let types = query.types.iter().enumerate();
    let values: Vec<String> = types.map(|(n, of)| value(of, &column(&query.text, n + 1), newest)).collect();
    let values = if values.is_empty() { String::new() } else { format!("({})", values.join(", ")) };
    let explain = AssertSqlSafe(format!("explain (format json) execute it{values}"));
    let row = connection.fetch_one(explain).await.unwrap_or_else(|error| panic!("{}: {error}", query.name));
    connection.execute("deallocate it").await.unwrap();
    row.get(0)
}

/// The column that a parameter is compared with first, or nothing.
fn column(query: &str, parameter: usize) -> String {
    let words: Vec<&str> = query.split_whitespace().collect();
    let names = |word: &str, prefix: &str| {
        let rest = word
            .trim_start_matches('(')
            .strip_prefix(prefix)
            .and_then(|rest| rest.strip_prefix(&parameter.to_string()));
        rest.is_some_and(|rest| !rest.starts_with(|it: char| it.is_ascii_digit()))
    };
    let compared = words.windows(3).find(|it| {
        matches!(it[1], "=" | "<>" | "<" | "<=" | ">" | ">=") && (names(it[2], "$") || names(it[2], "any($"))
    });
    compared.map_or(String::new(), |it| it[0].rsplit(['.', '(']).next().unwrap_or_default().to_owned())
}

/// A value as it occurs: names that many rows have, the newest work, a month ago.
fn value(of: &str, column: &str, newest: Uuid) -> String {
    let value = match (of, column) {
        ("Uuid", _) => return format!("'{newest}'"),
        ("UuidArray", _) => return format!("'{{{newest}}}'"),
        ("Text", "contest") => "'large'",
        ("Text", "state") => "'published'",
        ("Text", "stage") => "'screen'",
        ("Text", "partner") => "'cctv'",
        ("Text", "act") => "'read'",
        ("Text", "unit" | "recommending_unit") => "'unit 4'",
        // Also what is read as JSON.
        ("Text", _) => "'{}'",
        ("TextArray", "contest") => "'{large}'",
        ("TextArray", "state") => "'{screen,transcode}'",
        ("TextArray", _) => "'{cctv}'",
        ("Int8", "seat") => "999999990",
        ("Int8" | "Int4", _) => "100",
        ("Int8Array" | "Int4Array", _) => "'{1,2,3}'",
        ("Float8" | "Float4", _) => "60",
        ("Timestamptz", _) => "now() - interval '30 days'",
        ("Bytea", _) => r"'\x00'",
        ("ByteaArray", _) => r"array['\x00'::bytea]",
        ("Jsonb", _) => "'{}'",
        ("JsonbArray", _) => "array['{}'::jsonb]",
        ("Bool", _) => "true",
        _ => panic!("a value of the type {of}"),
    };
    value.to_owned()
}
