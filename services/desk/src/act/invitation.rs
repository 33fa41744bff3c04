//! Invitations: an admin makes a link; with it a person sets password and second factor, and confirms with a code.
//! Opening the link changes nothing, and until the confirmation it may be opened again. The former credentials stay
//! valid until then.
//!
//! The second factor is shown and confirmed only in the browser that chose the password; a later choice, there or in another browser,
//! starts over and makes the earlier one void.
use pipeline::person;
use runtime::problem::{Code, Problem};
use runtime::store::people::invitations::{self, LinkSecret, Purpose};
use runtime::store::people::sessions::Site;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::sign_in::record;
use super::{Caller, Done, settle};
use crate::Desk;
use crate::view::persons::Person;

mod accept;

pub use accept::{Accepted, Enrolment, choose, confirm, enrolment, look};

/// A link to make.
#[derive(Clone, Debug, Deserialize)]
pub struct Invite {
    /// First sign-up, or a reset.
    pub purpose: Purpose,
    /// Why, for the audit trail.
    #[serde(default)]
    pub reason: Option<String>,
    /// Only report what would follow.
    #[serde(default)]
    pub dry_run: bool,
}

/// A link that was made.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Invited {
    /// The whole link. Shown this once.
    pub link: String,
    /// The person who sets password and second factor with it.
    pub person: Person,
    /// First sign-up, or a reset.
    pub purpose: Purpose,
    /// Until when it is valid: 72 hours.
    pub expires_at: chrono::DateTime<chrono::Utc>,
    /// Whether nothing was done.
    pub dry_run: bool,
}

/// Makes a link for a person, named by id or login name, with which they set password and second factor. Earlier links
/// of theirs expire.
///
/// # Errors
/// `person_unknown`, `role_beyond`; `login_missing`, for a person without a login name; `already_signed_up`, if an
/// invitation was accepted and a reset is needed.
pub async fn invite(desk: &Desk, caller: &Caller, named: &str, wish: Invite) -> Result<Done<Invited>, Problem> {
    let by = caller.because(wish.reason.as_deref())?;
    let secret = LinkSecret::new()?;
    let Invite { purpose, dry_run, .. } = wish;
    let done = desk.store.transaction("invite_person", |tx, _| {
        let (by, secret) = (&by, &secret);
        Box::pin(async move {
            if let Some(done) = caller.begin(tx, dry_run).await? {
                return Ok(done);
            }
            let person = caller.managed(tx, named).await?;
            if person.ended_at.is_some() {
                return Err(Problem::from(Code::PersonEnded).into());
            }
            if person.login.is_none() {
                return Err(Problem::from(Code::LoginMissing).into());
            }
            if purpose == Purpose::Invite && invitations::was_accepted(tx, person.id).await? {
                return Err(Problem::from(Code::AlreadySignedUp).into());
            }
            let expires_at = invitations::create(tx, person.id, purpose, secret, &by.name).await?;
            let after = json!({ "person": person.id, "name": person.name, "login": person.login, "purpose": purpose,
                "expires_at": expires_at });
            record(tx, by, "person_invited", after, &person).await?;
            let link = link_for(desk, &person, secret);
            let invited = Invited { link, person: person.into(), purpose, expires_at, dry_run };
            caller.end(tx, dry_run, invited).await
        })
    });
    let mut done = settle(done.await)?;
    if dry_run {
        // The link of a dry run was rolled back and opens nothing.
        done.value.link = String::new();
    }
    Ok(done)
}

/// The link of a person: recommenders sign in at the public address, all others at the desk.
fn link_for(desk: &Desk, person: &person::Person, secret: &LinkSecret) -> String {
    let (url, site) =
        if Site::Units.admits(person) { (&desk.public_url, Site::Units) } else { (&desk.url, Site::Console) };
    format!("{url}{}/invitation/{}", site.base(), secret.text())
}
