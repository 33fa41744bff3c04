//! The named values that the API returns and accepts: one schema each, made from the Rust type. A field of a handler
//! refers to one with `#[schema(value_type = SubmissionState)]`; fields whose name is enough ([`MEANINGS`]) get theirs
//! without that.
use pipeline::delivery::{Desired, Observed, RecallBy, RecallStep};
use pipeline::id::NAME_PATTERN;
use pipeline::partner::{DeliveryMethod, Replacement};
use pipeline::person::{Actor, LOGIN_PATTERN, Role};
use pipeline::rendition::QcOutcome;
use pipeline::screening::Outcome;
use pipeline::stage::Stage;
use pipeline::submission::State;
use pipeline::text::Limit;
use serde_json::{Value, json};
use utoipa::openapi::{ObjectBuilder, RefOr, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

use crate::store::bulk;
use crate::store::outgoing::webhooks::{self, endpoints, log};
use crate::store::partners::proofs::Shows;
use crate::store::partners::{accounts, exchanges};
use crate::store::watching::trouble;
use crate::store::work::parts;

/// A type of the document whose values are the names of one of our types.
macro_rules! named {
    ($($(#[$doc:meta])* $name:ident = $values:expr;)*) => {
        $(
            $(#[$doc])*
            #[derive(Debug)]
            pub enum $name {}

            impl PartialSchema for $name {
                fn schema() -> RefOr<Schema> {
                    one_of($values.into_iter().collect())
                }
            }

            impl ToSchema for $name {}
        )*

        /// Every component that is made here.
        pub(super) fn names() -> impl Iterator<Item = &'static str> {
            [$(stringify!($name)),*].into_iter().chain(FREE.iter().map(|(_, name, _)| *name))
        }

        fn words(name: &str) -> Option<Vec<&'static str>> {
            match name {
                $(stringify!($name) => Some($values.into_iter().collect()),)*
                _ => None,
            }
        }
    };
}

named! {
    /// State of a submission.
    SubmissionState = State::NAMES;
    /// State of a delivery.
    DeliveryState = Observed::NAMES;
    /// What is desired at a partner.
    DesiredState = Desired::ALL.map(Desired::name);
    /// How works are delivered to a partner.
    Method = DeliveryMethod::ALL.map(DeliveryMethod::name);
    /// A stage that machines do.
    StageName = Stage::ALL.map(Stage::name);
    /// A role of a person.
    RoleName = Role::ALL.map(Role::name);
    /// Kind of who acted.
    ActorName = Actor::ALL.map(Actor::name);
    /// What a proof shows.
    ShownState = Shows::ALL.map(Shows::name);
    /// State of a job.
    JobState = bulk::STATES;
    /// State of one work of a job.
    JobWorkState = bulk::WORK_STATES;
    /// State of a webhook.
    WebhookState = endpoints::STATES;
    /// What a rule said.
    RuleOutcome = Outcome::ALL.map(Outcome::name);
    /// How an exchange with a partner ended.
    ExchangeEnd = exchanges::OUTCOMES;
    /// How a check of quality control ended.
    CheckOutcome = QcOutcome::ALL.map(QcOutcome::name);
    /// Status of a part.
    PartStatus = parts::STATUSES;
    /// Status of a message to a webhook.
    MessageStatus = log::STATUSES;
    /// What kind of trouble.
    TroubleCode = trouble::KINDS;
    /// What a partner thinks of our credentials.
    AccountHealth = accounts::HEALTH;
    /// What replacing a work at a partner takes.
    ReplacementWay = Replacement::ALL.map(Replacement::name);
    /// Who takes a work back.
    RecalledBy = RecallBy::NAMES;
    /// How far a recall is.
    RecallProgress = RecallStep::NAMES;
    /// Events that a webhook can be sent.
    EventType = webhooks::TYPES;
}

fn one_of(words: Vec<&'static str>) -> RefOr<Schema> {
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(words)).build().into()
}

/// Fields with the same meaning in every place: the name, and the type of its values.
pub(super) const MEANINGS: [(&str, &str); 6] = [
    ("role", "RoleName"),
    ("actor", "ActorName"),
    ("method", "Method"),
    ("stage", "StageName"),
    ("desired", "DesiredState"),
    ("shows", "ShownState"),
];

/// Fields with a fixed set of values: such a field without its values fails the documents' test.
pub(super) const WORDED: [&str; 9] =
    ["role", "actor", "method", "stage", "desired", "shows", "state", "was", "outcome"];

/// Objects without a schema, by their field: the name in the document, and why there is no schema.
pub(super) const FREE: [(&str, &str, &str); 20] = [
    (
        "before",
        "AuditState",
        "What an act found or left. Its fields are those of the act; null where there was nothing.",
    ),
    (
        "after",
        "AuditState",
        "What an act found or left. Its fields are those of the act; null where there was nothing.",
    ),
    (
        "detail",
        "HistoryDetail",
        "More about an event. Its fields are those of the event's name; of people, `by` and `reason`.",
    ),
    ("declarations", "DeclarationsAsSent", "What the entrant declared, with the fields of the form of that day."),
    (
        "handed_over",
        "HandedOver",
        "What was handed over, with the fields of the partner's method: files with sizes and digests.",
    ),
    (
        "request",
        "ExchangeRequest",
        "A request to a partner as it was sent, without secrets. Its fields are those of the partner's protocol.",
    ),
    (
        "answer",
        "ExchangeAnswer",
        "A partner's answer as it came, without secrets. Its fields are those of the partner's protocol.",
    ),
    ("probe", "AddressAnswer", "What a public address answered, as it was written down."),
    ("estimate", "Estimate", "What a dry run counts. Its fields depend on the stage that the runs begin at."),
    ("others", "Likeness", "Another entry, and the times that match."),
    (
        "texts",
        "PartnerTexts",
        "Title, text and tags that were written for one partner; what is absent is as the entry has it.",
    ),
    ("openapi.json", "OpenApiDocument", "An OpenAPI document; its schema is that of OpenAPI 3.1."),
    ("verdict", "Verdict", "As screening stored it; its fields are those of the version that judged."),
    ("first_look", "Verdict", "As screening stored it; its fields are those of the version that judged."),
    ("progress", "Progress", "How far the machines are; its fields are those of the version that reports."),
    ("preview", "StoredPreview", "The files of the preview as the probe stored them."),
    ("covers", "StoredCover", "A still picture as it was stored."),
    ("qc", "QcRow", "One check of quality control: what was measured, the limit and the outcome."),
    ("media_info", "MediaInfo", "As the probe stored it; its fields are those of the version that measured."),
    ("media-info", "MediaInfo", "As the probe stored it; its fields are those of the version that measured."),
];

/// The component with this name, if it is one of ours.
pub(super) fn component(name: &str) -> Option<Value> {
    if let Some(words) = words(name) {
        return Some(json!({ "type": "string", "enum": words }));
    }
    let (_, _, why) = FREE.iter().find(|(_, known, _)| *known == name)?;
    let kind = if name == "AuditState" { json!(["object", "null"]) } else { json!("object") };
    Some(json!({ "type": kind, "description": why, "additionalProperties": true }))
}

/// The limits of a text that a client sends, by its name in a body or a query.
pub(super) fn sent(name: &str) -> Option<Value> {
    let limit = |limit: Limit| json!({ "maxLength": limit.max_chars });
    match name {
        "reason" => Some(limit(Limit::REASON)),
        "contest" | "theme" | "partner" | "partners" => Some(json!({ "pattern": NAME_PATTERN })),
        "cursor" => Some(json!({ "minLength": 1, "maxLength": Limit::QUERY.max_chars })),
        "digest" => Some(json!({ "pattern": "^[0-9a-f]{32}$" })),
        "sha256" => Some(json!({ "pattern": "^[0-9a-f]{64}$" })),
        _ => None,
    }
}

/// The limits of a text in one body: the component, its field, and the limits.
pub(super) fn sent_in(component: &str, field: &str) -> Option<Value> {
    let limit = |limit: Limit| json!({ "maxLength": limit.max_chars });
    Some(match (component, field) {
        ("AddPerson", "name") => limit(Limit::NAME),
        ("AddPerson", "login") => json!({ "pattern": LOGIN_PATTERN }),
        ("CreateToken", "name") => limit(Limit::TOKEN_NAME),
        ("CreateToken", "expires") => json!({ "pattern": "^[0-9]{1,6}[dh]$" }),
        ("Deliver" | "ProveRemoval", "url") | ("Deliver", "receipt") => limit(Limit::RECEIPT),
        ("Deliver" | "ProveRemoval", "picture") => json!({ "contentEncoding": "base64" }),
        ("Retry", "part") => limit(Limit::QUERY),
        ("HeldRole", "unit") => json!({ "pattern": NAME_PATTERN }),
        ("Review", "words") => limit(Limit::REASON),
        ("WebhookResend", "message") => json!({ "pattern": "^msg_[0-9a-f]{32}$" }),
        ("Wording", "title") => limit(Limit::TITLE),
        ("Wording", "text") => limit(Limit::TEXT),
        ("Wording", "tags") => limit(Limit::TAG),
        _ => return None,
    })
}

/// The limits of any other text of a query or a path.
pub(super) fn asked() -> Value {
    json!({ "maxLength": Limit::QUERY.max_chars })
}
