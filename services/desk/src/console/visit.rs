//! Who opened a page, and in which language.
use std::sync::Arc;

use axum::extract::{FromRef, FromRequestParts};
use axum::http::HeaderMap;
use axum::http::request::Parts;
use chrono::{DateTime, Utc};
use pages::Say;
use pipeline::id::{ContestId, CredentialId};
use pipeline::person::{Held, Person, Sees};
use runtime::doors::Pseudonym;
use runtime::problem::{Code, Problem};
use runtime::serving::render::lang_of;
use runtime::store::people::sessions::Site;
use runtime::store::people::tokens::Role;
use runtime::store::submissions::history::By;
use uuid::Uuid;

use super::shell::{Here, Shell};
use super::{cookie, see};
use crate::Desk;
use crate::act::Caller;

/// A page opened, or a form sent, by a person who is signed in. The gate puts it into the request.
#[derive(Clone)]
pub struct Visit {
    pub(crate) site: Site,
    pub(crate) person: Arc<Person>,
    /// The session's id, which the audit trail names as the credential.
    pub(crate) session: Uuid,
    pub(crate) say: Say,
    /// Path and query.
    pub(crate) path: String,
    pub(crate) now: DateTime<Utc>,
    /// The roles of the route, in the order in which one of them is chosen to act in. Empty: everyone who is signed in.
    pub(crate) roles: &'static [Role],
    pub(crate) address: Option<Pseudonym>,
}

impl Visit {
    /// The frame of the page.
    pub fn shell(&self, here: Here) -> Shell {
        Shell::inside(self.say, self.path.as_str(), self.now, &self.person, here).at(self.site)
    }

    /// Who opened it, with the roles that they hold now.
    pub fn person(&self) -> &Person {
        &self.person
    }

    /// The actor in this role, for the audit trail.
    pub fn by(&self, role: Role) -> By {
        self.in_role(role, Sees::All).by
    }

    /// The caller for views and acts, in one of the route's roles: within `contest`, or else in everything that the
    /// person may see in such a role.
    ///
    /// # Errors
    /// `contest_foreign` for a contest where the person holds none of the roles, `role_missing` for a person who holds
    /// none.
    pub(crate) fn caller(&self, contest: Option<&ContestId>) -> Result<Caller, Problem> {
        let everywhere = self.roles.iter().find(|role| self.person.holds(&Held::everywhere(**role)));
        if let Some(role) = everywhere {
            return Ok(self.in_role(*role, Sees::All));
        }
        let (sees, role) = match contest {
            Some(contest) => {
                let role = self.roles.iter().find(|role| self.holds(**role, contest)).ok_or(Code::ContestForeign)?;
                (Some(contest.clone()).into(), role)
            }
            None => {
                let held = |role: &&Role| self.person.roles.iter().any(|held| held.role == **role);
                (self.seen(), self.roles.iter().find(held).ok_or(Code::RoleMissing)?)
            }
        };
        Ok(self.in_role(*role, sees))
    }

    /// As [`Visit::caller`], within the one contest that a page's filter names, even if the person sees all.
    pub(crate) fn filtered(&self, contest: Option<&ContestId>) -> Result<Caller, Problem> {
        let caller = self.caller(contest)?;
        let sees = contest.map_or(caller.sees, |contest| Some(contest.clone()).into());
        Ok(Caller { sees, ..caller })
    }

    /// The person as the caller of acts on their own data, such as their sessions. A person without a role acts as an
    /// auditor, who changes nothing else.
    pub(crate) fn own(&self) -> Caller {
        self.in_role(self.person.roles.first().map_or(Role::Auditor, |held| held.role), Sees::All)
    }

    /// The contests in which the person holds one of the route's roles.
    pub(crate) fn seen(&self) -> Sees {
        self.person.sees_in(self.roles)
    }

    /// Whether the person may see this contest's works here.
    pub(crate) fn sees(&self, contest: &ContestId) -> bool {
        self.roles.iter().any(|role| self.holds(*role, contest))
    }

    /// Whether the person holds this role in this contest, or in all.
    pub(crate) fn holds(&self, role: Role, contest: &ContestId) -> bool {
        self.person.holds(&Held::within(role, contest.clone()))
    }

    fn in_role(&self, role: Role, sees: Sees) -> Caller {
        let by = By::of(role.actor(), self.person.id, self.person.name.as_str());
        let by = by.with_credential(CredentialId(self.session));
        let by = by.from_address(self.address.as_ref().map(ToString::to_string));
        Caller { by, sees, roles: Some(self.person.roles.clone()), key: None }
    }

    /// The same visit on a page that is open to these roles, for the parts of a page for everyone that only some may
    /// see.
    pub(crate) fn in_one_of(&self, roles: &'static [Role]) -> Self {
        Self { roles, ..self.clone() }
    }

    /// The caller in one of these roles, if the person holds one of them in the contest.
    pub(crate) fn caller_in(&self, roles: &'static [Role], contest: &ContestId) -> Option<Caller> {
        self.in_one_of(roles).caller(Some(contest)).ok()
    }

    /// Names the session, distinct from every other sender of idempotency keys.
    pub(crate) fn principal(&self) -> String {
        format!("session {}", self.session)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Visit {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        parts.extensions.get::<Self>().cloned().ok_or_else(|| Code::SignInNeeded.into())
    }
}

/// A person who is not signed in.
pub struct Guest {
    site: Site,
    pub(crate) say: Say,
    pub(crate) path: String,
    pub(crate) now: DateTime<Utc>,
    pub(crate) address: Option<Pseudonym>,
}

impl Guest {
    /// The frame of the page.
    pub(crate) fn shell(&self) -> Shell {
        Shell::outside(self.say, self.path.as_str(), self.now).at(self.site)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Guest
where
    Arc<Desk>: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let desk = Arc::<Desk>::from_ref(state);
        let address = parts.extensions.get::<Pseudonym>().cloned();
        Ok(Self { site: desk.site, say: said_in(&parts.headers), path: path_of(parts), now: desk.clock.now(), address })
    }
}

/// The language that the person chose, or else the browser's.
pub(crate) fn said_in(headers: &HeaderMap) -> Say {
    Say::new(cookie::lang(headers).unwrap_or_else(|| lang_of(headers)))
}

/// Path and query of a request.
pub(crate) fn path_of(parts: &Parts) -> String {
    parts.uri.path_and_query().map_or("/", |it| it.as_str()).to_owned()
}

/// Sends a person who is not signed in to the sign-in page, which then leads back here.
pub(crate) fn to_sign_in(site: Site, parts: &Parts) -> axum::response::Response {
    let back: String = url::form_urlencoded::byte_serialize(path_of(parts).as_bytes()).collect();
    see(format!("{}/sign-in?next={back}", site.base()))
}
