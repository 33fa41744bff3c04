//! Invitations: an admin makes a link; with it a person sets password and second factor, and confirms with a code.
//! Opening the link changes nothing, and until the confirmation it may be opened again. The former credentials stay
//! valid until then.
//!
//! The second factor is shown and confirmed only in the browser that chose the password; a later choice, there or in another browser,
//! starts over and makes the earlier one void.
use pipeline::person::{self, Login};
use runtime::doors::Reason;
use runtime::password;
use runtime::problem::{Code, Problem};
use runtime::second_factor::{RecoveryCode, TotpSecret};
use runtime::store::invitations::{self, ChooserSecret, Invitation, LinkSecret, Purpose};
use runtime::store::sessions::{self, Factor, SessionSecret, Site, Why};
use runtime::store::sign_in::{self, Chosen};
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use super::sign_in::{Device, SignedIn, Visitor, begun, by, digits, name_of, record, recovery};
use super::{Caller, Done, settle};
use crate::Desk;
use crate::view::persons::Person;

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

/// What a person puts into their authenticator app. Does not print itself.
pub struct Enrolment {
    /// The invitation.
    pub invitation: Invitation,
    /// What the app reads from a QR code.
    pub url: String,
    /// The same secret as text, for typing.
    pub text: String,
}

/// An invitation that was accepted. Does not print itself.
pub struct Accepted {
    /// Recovery codes. Shown this once.
    pub recovery_codes: Vec<String>,
    /// The session that began with it.
    pub signed_in: SignedIn,
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

/// The invitation of a link. Changes nothing.
///
/// # Errors
/// `invitation_unknown`, for a link that never was one, was used or has expired.
pub async fn look(desk: &Desk, secret: &str) -> Result<Invitation, Problem> {
    let unknown = || Code::InvitationUnknown.refused(desk.site.door(), Reason::Unknown, None::<Uuid>);
    let link = LinkSecret::parse(secret).ok_or_else(unknown)?;
    let invitation = desk.store.invitation(&link).await?.filter(|it| desk.site.admits(&it.person));
    invitation.ok_or_else(unknown)
}

/// Stores the chosen password, and makes the secret of a second factor, until [`confirm`]. Choosing again replaces
/// both. Returns the cookie that the browser needs for the next steps.
///
/// # Errors
/// `invitation_unknown`, `password_unfit`.
pub async fn choose(desk: &Desk, secret: &str, password: &str) -> Result<ChooserSecret, Problem> {
    let invitation = look(desk, secret).await?;
    password::fit(password, &invitation.person).map_err(|wrong| Code::PasswordUnfit.about(wrong))?;
    let (totp, chooser) = (TotpSecret::new()?, ChooserSecret::new()?);
    let (password_hash, totp) = (password::keep(password).await?, totp.seal(desk.keys()?, invitation.person.id)?);
    let chosen = &Chosen { password_hash, totp };
    let kept = desk.store.transaction("choose_factors", |tx, _| {
        let chooser = &chooser;
        Box::pin(async move { invitations::choose(tx, invitation.id, chosen, chooser).await })
    });
    kept.await?;
    Ok(chooser)
}

/// The choice made with this link in the browser with the cookie `chooser`, which waits for its confirmation.
///
/// # Errors
/// `invitation_unknown`; `sign_in_expired`, if no password was chosen in this browser, or was chosen again in another.
pub async fn enrolment(desk: &Desk, secret: &str, chooser: Option<&ChooserSecret>) -> Result<Enrolment, Problem> {
    let invitation = look(desk, secret).await?;
    let chosen = invitation.chosen_by(chooser).ok_or(Code::SignInExpired)?;
    let totp = TotpSecret::open(desk.keys()?, invitation.person.id, &chosen.totp)?;
    let (url, text) = (totp.url(login_of(&invitation)?)?, totp.text()?);
    Ok(Enrolment { invitation, url, text })
}

/// Confirms the second factor with a code from it. From then on password and second factor are the person's, the link
/// is used up, every session of theirs is ended and a new one begins.
///
/// # Errors
/// `invitation_unknown`, `code_wrong`; `sign_in_expired`, as in [`enrolment`].
pub async fn confirm(
    desk: &Desk,
    visitor: &Visitor,
    secret: &str,
    chooser: Option<&ChooserSecret>,
    code: &str,
) -> Result<Accepted, Problem> {
    let invitation = look(desk, secret).await?;
    let login = login_of(&invitation)?;
    let name = name_of(desk, login.as_str())?;
    let link = LinkSecret::parse(secret).ok_or(Code::InvitationUnknown)?;
    let codes = recovery::generate()?;
    let (cookie, now) = (SessionSecret::new()?, desk.store.time().await?);
    let (digits, device) = (digits(code), Device::remembering(desk, visitor.device.as_ref(), login, now)?);
    let accepted = desk.store.transaction("accept_invitation", |tx, _| {
        let (link, codes, cookie, name, digits) = (&link, &codes, &cookie, &name, &digits);
        Box::pin(async move {
            let unknown = || Problem::from(Code::InvitationUnknown);
            let invitation = invitations::lock(tx, link).await?.ok_or_else(unknown)?;
            let chosen = invitation.chosen_by(chooser).ok_or_else(|| Problem::from(Code::SignInExpired))?;
            let (id, person) = (invitation.id, &invitation.person);
            let step = TotpSecret::open(desk.keys()?, person.id, &chosen.totp)?.step_of(digits, now)?;
            let wrong = || Code::CodeWrong.refused(desk.site.door(), Reason::Wrong, Some(person.id));
            let step = step.ok_or_else(wrong)?;
            sign_in::set(tx, person.id, chosen, step).await?;
            sign_in::succeeded(tx, name).await?;
            let ended = sessions::end_all(tx, person.id, Why::Reset).await?;
            invitations::accept(tx, id).await?;
            let by = by(person, visitor, Some(id));
            record(tx, &by, "password_set", json!({ "by": "invitation", "ended_sessions": ended }), person).await?;
            record(tx, &by, "second_factor_set", json!({ "by": "invitation" }), person).await?;
            recovery::replace(tx, &by, person, codes).await?;
            let session = begun(desk, tx, visitor, person, Factor::Totp, cookie).await?;
            Ok((session, person.id))
        })
    });
    let (session, person) = accepted.await?;
    let recovery_codes = codes.iter().map(RecoveryCode::text).collect();
    let signed_in = SignedIn { cookie, device, session, person, recovery_codes_left: None };
    Ok(Accepted { recovery_codes, signed_in })
}

fn login_of(invitation: &Invitation) -> Result<&Login, Problem> {
    invitation.person.login.as_ref().ok_or_else(|| Code::LoginMissing.into())
}
