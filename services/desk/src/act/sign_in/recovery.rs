//! Recovery codes of a person: generated together, and stored in place of the ones before.
use pipeline::person::Person;
use runtime::second_factor::{RECOVERY_CODES, RecoveryCode};
use runtime::store::Transaction;
use runtime::store::people::sign_in;
use runtime::store::submissions::history::By;
use serde_json::json;

use super::new_session::record;

/// Generates a set of codes.
pub(crate) fn generate() -> anyhow::Result<Vec<RecoveryCode>> {
    (0..RECOVERY_CODES).map(|_| RecoveryCode::new()).collect()
}

/// Stores a person's codes in place of the ones before, and records it in the trail.
pub(crate) async fn replace(
    tx: &mut Transaction,
    by: &By,
    person: &Person,
    codes: &[RecoveryCode],
) -> anyhow::Result<()> {
    let digests: Vec<_> = codes.iter().map(RecoveryCode::digest).collect();
    sign_in::set_recovery_codes(tx, person.id, &digests).await?;
    record(tx, by, "recovery_codes_made", json!({ "codes": digests.len() }), person).await
}
