//! What operators saw at a partner: the proof that a work which they took back by hand is gone, and everything shown so far.
use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::{Extension, Json};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use chrono::{DateTime, Utc};
use pipeline::delivery::{Observed, RecallBy};
use pipeline::id::PartnerId;
use pipeline::object_key::ObjectKey;
use pipeline::text::Limit;
use runtime::objects::StoredFile;
use runtime::store::proofs::{self, NewProof, ProofRow, Shows};
use runtime::store::{deliveries, submissions::SubmissionRow};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};
use utoipa::ToSchema;
use uuid::Uuid;

use super::act::{Act, Answered};
use super::deliveries::{At, Reported, web_address};
use crate::access::Subject;
use crate::app::App;
use crate::problem::{Code, Problem};
use crate::typed;

/// The largest picture, bytes; the command line takes larger ones.
const PICTURE_BYTES: usize = 5_000_000;
/// Room for such a picture in base64 and the words around it.
pub(crate) const BODY_BYTES: usize = PICTURE_BYTES / 3 * 4 + 16 * 1024;

/// That a work is gone from a partner, by an operator's hand.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Gone {
    /// A picture of what is there now, at most 5 MB, in base64.
    picture: String,
    /// When it was seen.
    seen_at: DateTime<Utc>,
    /// The public address that was looked at, where it is not known already.
    url: Option<String>,
    /// What was done.
    words: Option<String>,
    /// The work is gone although its address still answers.
    #[serde(default)]
    insists: bool,
}

/// What a person saw.
#[derive(Serialize, ToSchema)]
pub(crate) struct Proof {
    id: Uuid,
    partner: String,
    /// `live` or `gone`.
    shows: String,
    seen_at: DateTime<Utc>,
    #[serde(skip_serializing_if = "Option::is_none")]
    public_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    words: Option<String>,
    /// Whether there is a picture.
    picture: bool,
    insists: bool,
    /// What the public address answered us.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    probe: Option<Value>,
    by: String,
    at: DateTime<Utc>,
}

impl From<ProofRow> for Proof {
    fn from(row: ProofRow) -> Self {
        Self {
            id: row.id,
            partner: row.partner,
            shows: row.shows,
            seen_at: row.seen_at,
            public_url: row.public_url,
            words: row.words,
            picture: row.file_key.is_some(),
            insists: row.insists,
            probe: row.probe,
            by: row.by_whom,
            at: row.at,
        }
    }
}

/// Everything that people saw of a work at partners, oldest first.
#[utoipa::path(get, path = "/api/v1/submissions/{id}/proofs", tag = "desk", security(("token" = [])),
    params(("id" = Uuid, Path, description = "Submission")),
    responses((status = 200, description = "Oldest first", body = Vec<Proof>)))]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    Extension(Subject(entry)): Extension<Subject>,
) -> Result<Json<Vec<Proof>>, Problem> {
    let rows = app.store.proofs(entry.id, None).await?;
    Ok(Json(rows.into_iter().map(Proof::from).collect()))
}

/// Proves that a work was taken back by hand. It counts once the publish stage has looked at the public address.
#[utoipa::path(post, path = "/api/v1/submissions/{id}/deliveries/{partner}/recalled", tag = "desk", security(("token" = [])),
    params(("id" = Uuid, Path, description = "Submission"), ("partner" = String, Path, description = "Partner")),
    request_body = Gone,
    responses((status = 200, description = "Noted", body = Reported)))]
pub(crate) async fn recalled(
    State(app): State<Arc<App>>,
    Extension(Subject(entry)): Extension<Subject>,
    Path(at): Path<At>,
    act: Act,
) -> Result<Answered, Problem> {
    let gone: Gone = act.body()?;
    let words = typed::optional("words", gone.words.as_deref(), Limit::REASON)?;
    let seen_at = typed::moment("seen_at", gone.seen_at)?;
    let public_url = gone.url.as_deref().map(web_address).transpose()?;
    let by = act.by(words.as_deref())?;
    // Before a picture is put: a repeated request, and one that makes no sense, put none.
    if let Some(answer) = act.answered(&app.store).await? {
        return Ok(Answered(answer));
    }
    let partner = PartnerId::new(at.partner);
    let stands = app.store.delivery(entry.id, &partner).await?.ok_or(Code::DeliveryUnknown)?;
    waits_for_a_person(&stands.machine.observed)?;
    let id = Uuid::now_v7();
    let file = put_picture(&app, &entry, &partner, id, &gone.picture).await?;
    let proof = NewProof {
        id,
        submission: entry.id,
        partner,
        shows: Shows::Gone,
        seen_at,
        public_url,
        words,
        file: Some(file),
        insists: gone.insists,
    };
    let (act, by, proof) = (&act, &by, &proof);
    let noted = app.store.transaction("desk_recalled", |tx, _| {
        Box::pin(async move {
            if let Some(answer) = act.begin(tx).await? {
                return Ok(answer);
            }
            let stands = deliveries::standing(tx, proof.submission, &proof.partner).await?;
            let stands = stands.ok_or(Problem::from(Code::DeliveryUnknown))?;
            waits_for_a_person(&stands.observed)?;
            proofs::add(tx, proof, None, by).await?;
            let reported = Reported { partner: proof.partner.to_string(), state: stands.observed.name() };
            act.end(tx, StatusCode::OK, &reported).await
        })
    });
    Ok(Answered(noted.await?))
}

fn waits_for_a_person(observed: &Observed) -> Result<(), Problem> {
    match observed {
        Observed::Recalling { by: RecallBy::Operator, .. } => Ok(()),
        other => Err(Code::StateWrong.about(other.name())),
    }
}

/// Stores the picture. One whose request then fails lies there for nothing, but never is one missing that a row names.
async fn put_picture(
    app: &App,
    entry: &SubmissionRow,
    partner: &PartnerId,
    id: Uuid,
    picture: &str,
) -> Result<StoredFile, Problem> {
    let wrong = || Code::FieldWrong.about(format!("picture: 1 to {PICTURE_BYTES} bytes in base64"));
    let bytes = BASE64.decode(picture).map_err(|_| wrong())?;
    if bytes.is_empty() || bytes.len() > PICTURE_BYTES {
        return Err(wrong());
    }
    let key = ObjectKey::Proof(entry.id, partner.clone(), id);
    let file =
        StoredFile { key: key.to_string(), bytes: bytes.len() as u64, sha256: hex::encode(Sha256::digest(&bytes)) };
    app.objects.put_bytes(&key, bytes).await?;
    Ok(file)
}
