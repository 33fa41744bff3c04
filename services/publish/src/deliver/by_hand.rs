//! A recall that a person carries out: it ends when the person has proven it and the public address, if there is one,
//! agrees.
use std::time::Duration;

use anyhow::Result;
use chrono::{DateTime, Utc};
use pipeline::delivery::DeliveryEvent;
use reqwest::Method;
use runtime::outcome::Outcome;
use runtime::store::partners::proofs::ProofRow;
use serde_json::{Value, json};

use crate::guarded::{Call, NoAnswer};
use crate::task::Task;

/// Time limit for fetching a public page.
const DEADLINE: Duration = Duration::from_secs(10);

/// Whether the work is proven gone. The person's report wakes the part; the polls in between are a safety net.
pub(super) async fn recalled(task: &mut Task<'_>, public_url: Option<String>) -> Result<Option<Outcome>> {
    let Some(proof) = newest_of_this_recall(task).await? else { return Ok(Some(task.look_again())) };
    let address = public_url.or_else(|| proof.public_url.clone());
    let (gone, probe) = match &address {
        Some(address) => look_at(task, address).await,
        None => (true, json!({ "address": null })),
    };
    task.tools.store.note_probe(proof.id, &probe).await?;
    task.record("public_address", json!({ "url": address, "proof": proof.id }), probe).await?;
    // A picture together with a person's explicit override outweigh a page that answers 200 for everything; one of them
    // alone does not.
    if gone || (proof.insists && proof.file_key.is_some()) {
        task.note(DeliveryEvent::RecallConfirmed, None).await?;
        return Ok(None);
    }
    Ok(Some(task.look_again()))
}

/// A report from before the recall is ignored.
async fn newest_of_this_recall(task: &Task<'_>) -> Result<Option<ProofRow>> {
    let began: DateTime<Utc> = task.delivery.updated_at;
    let proofs = task.tools.store.proofs(task.job.submission.id, Some(&task.partner.id)).await?;
    Ok(proofs.into_iter().rev().find(|proof| proof.shows == "gone" && proof.at >= began))
}

/// Whether a public address answers that there is nothing, and its answer. A missing answer proves nothing.
async fn look_at(task: &Task<'_>, address: &str) -> (bool, Value) {
    let call = Call {
        method: Method::GET,
        url: address,
        headers: Vec::new(),
        body: Vec::new(),
        deadline: DEADLINE,
        answer_bytes: 1024,
        plain_http: true,
    };
    match task.tools.guarded.call(call).await {
        Ok(answer) => (matches!(answer.status, 404 | 410), json!({ "status": answer.status })),
        Err(error @ (NoAnswer::Forbidden(_) | NoAnswer::NotSent(_) | NoAnswer::Lost(_))) => {
            (false, json!({ "no_answer": error.to_string() }))
        }
    }
}
