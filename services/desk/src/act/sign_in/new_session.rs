//! The session of a person who has shown both factors, and who they are in the audit trail.
use pipeline::id::CredentialId;
use pipeline::person::{self, Actor, Person};
use runtime::store::Transaction;
use runtime::store::people::audit::{self, Act};
use runtime::store::people::sessions::{self, Factor, NewSession, SessionSecret};
use runtime::store::submissions::history::By;
use serde_json::json;
use uuid::Uuid;

use super::visitor::Visitor;
use crate::Desk;

/// Begins the session of a person who has shown both factors, and records it in the trail.
pub(crate) async fn begun(
    desk: &Desk,
    tx: &mut Transaction,
    visitor: &Visitor,
    person: &Person,
    factor: Factor,
    cookie: &SessionSecret,
) -> anyhow::Result<Uuid> {
    let id = Uuid::now_v7();
    let (agent, address) = (visitor.agent.clone(), visitor.address.clone());
    let new = NewSession { id, person: person.id, site: desk.site, factor, agent, address };
    sessions::begin(tx, &new, cookie).await?;
    let after = json!({ "session": id, "factor": factor, "agent": new.agent });
    let act = Act { act: "signed_in", submission: None, partner: None, before: json!({}), after };
    audit::add_about(tx, &by(person, visitor, Some(id)), &act, person::contest_of(&person.roles)).await?;
    Ok(id)
}

/// The actor of a change to a person's own sign-in. The trail names one of their roles, or auditor for a person without a role.
pub(crate) fn by(person: &Person, visitor: &Visitor, session: Option<Uuid>) -> By {
    let actor = person.roles.first().map_or(Actor::Auditor, |held| held.role.actor());
    let by = By::of(actor, person.id, person.name.as_str()).from_address(visitor.address.clone());
    match session {
        Some(session) => by.with_credential(CredentialId(session)),
        None => by,
    }
}

/// A row of the trail about a person's credentials.
pub(crate) async fn record(
    tx: &mut Transaction,
    by: &By,
    act: &str,
    after: serde_json::Value,
    person: &Person,
) -> anyhow::Result<()> {
    let act = Act { act, submission: None, partner: None, before: json!({}), after };
    audit::add_about(tx, by, &act, person::contest_of(&person.roles)).await
}
