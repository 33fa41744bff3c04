//! What an invited person does: choose a password, enrol a second factor, confirm it with a code.
use chrono::{DateTime, Utc};
use pipeline::id::PersonId;
use pipeline::person::Login;
use runtime::doors::Reason;
use runtime::password;
use runtime::problem::{Code, Problem};
use runtime::second_factor::{RecoveryCode, TotpSecret};
use runtime::store::Transaction;
use runtime::store::people::invitations::{self, ChooserSecret, Invitation, LinkSecret};
use runtime::store::people::sessions::{self, Factor, SessionSecret, Why};
use runtime::store::people::sign_in::{self, Chosen};
use serde_json::json;
use uuid::Uuid;

use crate::Desk;
use crate::act::sign_in::{Device, SignedIn, Visitor, begun, by, digits, name_of, record, recovery};

/// What a person puts into their authenticator app. It has no `Debug`: it holds secrets.
pub struct Enrolment {
    /// The invitation.
    pub invitation: Invitation,
    /// What the app reads from a QR code.
    pub url: String,
    /// The same secret as text, for typing.
    pub text: String,
}

/// An invitation that was accepted. It has no `Debug`: it holds secrets.
pub struct Accepted {
    /// Recovery codes. Shown this once.
    pub recovery_codes: Vec<String>,
    /// The session that began with it.
    pub signed_in: SignedIn,
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
    let device = Device::remembering(desk, visitor.device.as_ref(), login, now)?;
    let confirmation = Confirmation { link, name, digits: digits(code), codes, cookie, now };
    let accepted = desk.store.transaction("accept_invitation", |tx, _| {
        let confirmation = &confirmation;
        Box::pin(async move { confirmation.accept(desk, tx, visitor, chooser).await })
    });
    let (session, person) = accepted.await?;
    let Confirmation { codes, cookie, .. } = confirmation;
    let recovery_codes = codes.iter().map(RecoveryCode::text).collect();
    let signed_in = SignedIn { cookie, device, session, person, recovery_codes_left: None };
    Ok(Accepted { recovery_codes, signed_in })
}

/// A confirmation as its transaction needs it.
struct Confirmation {
    link: LinkSecret,
    /// The counter of failures under the login name.
    name: [u8; 32],
    digits: String,
    codes: Vec<RecoveryCode>,
    cookie: SessionSecret,
    now: DateTime<Utc>,
}

impl Confirmation {
    /// Sets both factors and begins a session. Returns the session and its person.
    async fn accept(
        &self,
        desk: &Desk,
        tx: &mut Transaction,
        visitor: &Visitor,
        chooser: Option<&ChooserSecret>,
    ) -> anyhow::Result<(Uuid, PersonId)> {
        let unknown = || Problem::from(Code::InvitationUnknown);
        let invitation = invitations::lock(tx, &self.link).await?.ok_or_else(unknown)?;
        let chosen = invitation.chosen_by(chooser).ok_or_else(|| Problem::from(Code::SignInExpired))?;
        let (id, person) = (invitation.id, &invitation.person);
        let step = TotpSecret::open(desk.keys()?, person.id, &chosen.totp)?.step_of(&self.digits, self.now)?;
        let wrong = || Code::CodeWrong.refused(desk.site.door(), Reason::Wrong, Some(person.id));
        let step = step.ok_or_else(wrong)?;
        sign_in::set(tx, person.id, chosen, step).await?;
        sign_in::succeeded(tx, &self.name).await?;
        let ended = sessions::end_all(tx, person.id, Why::Reset).await?;
        invitations::accept(tx, id).await?;
        let by = by(person, visitor, Some(id));
        record(tx, &by, "password_set", json!({ "by": "invitation", "ended_sessions": ended }), person).await?;
        record(tx, &by, "second_factor_set", json!({ "by": "invitation" }), person).await?;
        recovery::replace(tx, &by, person, &self.codes).await?;
        let session = begun(desk, tx, visitor, person, Factor::Totp, &self.cookie).await?;
        Ok((session, person.id))
    }
}

fn login_of(invitation: &Invitation) -> Result<&Login, Problem> {
    invitation.person.login.as_ref().ok_or_else(|| Code::LoginMissing.into())
}
