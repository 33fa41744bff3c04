//! What a plan reads, and which tables grow.
use serde_json::Value;
use sqlx::PgConnection;

/// Tables with rows for each work, each message or each sign-in: none of them is read whole. A new table stands here or in [`SMALL`].
const GROWING: [&str; 34] = [
    "attempts",
    "audit",
    "bulk_items",
    "choices",
    "deliveries",
    "drafts",
    "entrants",
    "estimates",
    "exchanges",
    "feed_items",
    "feed_pulls",
    "fingerprint_words",
    "fingerprints",
    "former_films",
    "garbage",
    "held_decisions",
    "history",
    "idempotency",
    "link_mails",
    "partner_texts",
    "parts",
    "previews",
    "progress",
    "proofs",
    "renditions",
    "review_later",
    "sessions",
    "sign_in_failures",
    "submissions",
    "unit_works",
    "upload_parts",
    "uploads",
    "webhook_attempts",
    "webhook_messages",
];

/// Tables that stay small: what is set up, people of staff and what each of them has, and queues that are emptied within moments.
const SMALL: [&str; 18] = [
    "_sqlx_migrations",
    "audit_head",
    "bulk_jobs",
    "invitations",
    "outbox",
    "partner_accounts",
    "person_roles",
    "persons",
    "recovery_codes",
    "review_claims",
    "samples",
    "settled",
    "settled_changes",
    "sign_in_factors",
    "ticks",
    "tokens",
    "webhook_endpoints",
    "unit_sheets",
];

/// Indexes of what is in hand at the moment. They may be read whole.
const IN_HAND: [&str; 4] = ["parts_claimed", "uploads_assembling", "uploads_open", "uploads_to_end"];

pub(super) async fn every_table_is_known(connection: &mut PgConnection) {
    let tables: Vec<String> = sqlx::query_scalar(
        "select relname::text from pg_class where relnamespace = current_schema()::regnamespace and relkind in ('r', 'p')",
    )
    .fetch_all(connection)
    .await
    .unwrap();
    let unknown = tables.iter().filter(|it| !GROWING.contains(&it.as_str()) && !SMALL.contains(&it.as_str()));
    assert_eq!(unknown.collect::<Vec<_>>(), [""; 0], "new tables: do they grow?");
}

/// What a plan reads from end to end.
pub(super) fn scans(plan: &Value) -> Vec<String> {
    let text = |key: &str| plan[key].as_str().unwrap_or_default();
    let mut found = Vec::new();
    if GROWING.contains(&text("Relation Name")) {
        let (table, node, index) = (text("Relation Name"), text("Node Type"), text("Index Name"));
        if node == "Seq Scan" {
            found.push(format!("all rows of {table}"));
        }
        // A volatile function is no condition of an index, which is then read from its beginning; statement_timestamp() is one.
        if node.starts_with("Index")
            && plan["Index Cond"].is_null()
            && !IN_HAND.contains(&index)
            && text("Filter").contains("clock_timestamp()")
        {
            found.push(format!("all of {index}, for clock_timestamp()"));
        }
    }
    found.extend(plan["Plans"].as_array().into_iter().flatten().flat_map(scans));
    found
}
