//! Persons: adds them, changes their roles, ends them. A token of an admin does so within its contests; a caller on the
//! command line has the database's password, so it may do so for all contests, and the trail shows the missing
//! credential.
use std::collections::BTreeSet;

use pipeline::id::PersonId;
use pipeline::person::{self, Held, Login, RoleChange, WrongLogin};
use pipeline::text::Limit;
use runtime::problem::{Code, Detail, Problem};
use runtime::serving::typed;
use runtime::store::Transaction;
use runtime::store::persons::{self, NewPerson};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{Caller, Done, at_most, contest_named, missing_reason, role_named, settle, unit_named};
use crate::Desk;
use crate::view::persons::{HeldRole, Person};

/// Most roles of a wish: every role in more contests than there are.
const ROLES: usize = 100;

/// A person to add.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AddPerson {
    /// Their name; the audit trail shows it.
    pub name: String,
    /// Their login name: 1 to 64 characters of a-z, 0-9, `.`, `_`, `-` and `@`.
    pub login: String,
    /// The roles that they hold; at least one.
    pub roles: Vec<HeldRole>,
    /// Only report what would follow.
    #[serde(default)]
    pub dry_run: bool,
    /// Why, for the audit trail.
    #[serde(default)]
    pub reason: Option<String>,
}

/// Roles to give and to remove.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ChangeRoles {
    /// To give. A role that is held already changes nothing.
    pub add: Vec<HeldRole>,
    /// To remove; each must be held exactly as given. Tokens that the remaining roles do not cover are revoked.
    pub remove: Vec<HeldRole>,
    /// Only report what would follow.
    pub dry_run: bool,
    /// Why, for the audit trail.
    pub reason: Option<String>,
}

/// Why a person is ended.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EndPerson {
    /// Why, for the audit trail.
    pub reason: String,
    /// Only report what would follow.
    #[serde(default)]
    pub dry_run: bool,
}

/// A person after an act on them, or as they would be.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Managed {
    /// The person.
    pub person: Person,
    /// Whether nothing was done.
    pub dry_run: bool,
}

/// Adds a person with their roles. `role_beyond` unless the caller may give each of them.
pub async fn add(desk: &Desk, caller: &Caller, wish: AddPerson) -> Result<Done<Managed>, Problem> {
    let by = caller.because(wish.reason.as_deref())?;
    let name = typed::field("name", &wish.name, Limit::NAME)?;
    let login: Login = wish.login.trim().parse().map_err(|wrong| Code::FieldWrong.about(no_login(wrong)))?;
    let roles = held(desk, "roles", &wish.roles, true)?;
    if roles.is_empty() {
        return Err(Code::FieldWrong.about(Detail::new("至少一项", "at least one").of("roles")));
    }
    caller.may_give(&roles)?;
    let new = NewPerson { id: PersonId(Uuid::now_v7()), name, login: Some(login), roles };
    let (by, new, dry_run) = (&by, &new, wish.dry_run);
    let done = desk.store.transaction("add_person", |tx, _| {
        Box::pin(async move {
            if let Some(done) = caller.begin(tx, dry_run).await? {
                return Ok(done);
            }
            let person = persons::add(tx, new, by).await?.into();
            caller.end(tx, dry_run, Managed { person, dry_run }).await
        })
    });
    settle(done.await)
}

/// Gives roles to a person, named by id or login name, and takes others. `role_beyond` unless the caller may give each
/// of them and each that the person already holds.
pub async fn change_roles(
    desk: &Desk,
    caller: &Caller,
    named: &str,
    wish: ChangeRoles,
) -> Result<Done<Managed>, Problem> {
    let by = caller.because(wish.reason.as_deref())?;
    let change =
        RoleChange { add: held(desk, "add", &wish.add, true)?, remove: held(desk, "remove", &wish.remove, false)? };
    if change == RoleChange::default() {
        return Err(Code::FieldWrong.about(Detail::new("至少一项", "at least one role").of("add, remove")));
    }
    caller.may_give(change.add.union(&change.remove))?;
    let (by, change, dry_run) = (&by, &change, wish.dry_run);
    let done = desk.store.transaction("change_roles", |tx, _| {
        Box::pin(async move {
            if let Some(done) = caller.begin(tx, dry_run).await? {
                return Ok(done);
            }
            let id = caller.managed(tx, named).await?.id;
            let person = persons::change_roles(tx, id, change, by).await?.into();
            caller.end(tx, dry_run, Managed { person, dry_run }).await
        })
    });
    settle(done.await)
}

/// Ends a person, named by id or login name: none of their tokens is valid from then on, and their login name is free. Ending a person
/// twice changes nothing. `role_beyond` unless the caller may give each role that the person holds.
pub async fn end(desk: &Desk, caller: &Caller, named: &str, wish: EndPerson) -> Result<Done<Managed>, Problem> {
    let by = caller.because(Some(&wish.reason))?;
    if by.reason.is_none() {
        return Err(missing_reason());
    }
    let (by, dry_run) = (&by, wish.dry_run);
    let done = desk.store.transaction("end_person", |tx, _| {
        Box::pin(async move {
            if let Some(done) = caller.begin(tx, dry_run).await? {
                return Ok(done);
            }
            let id = caller.managed(tx, named).await?.id;
            let person = persons::end(tx, id, by).await?.into();
            caller.end(tx, dry_run, Managed { person, dry_run }).await
        })
    });
    settle(done.await)
}

impl Caller {
    /// Whether the caller may give and take these roles.
    fn may_give<'a>(&self, held: impl IntoIterator<Item = &'a Held>) -> Result<(), Problem> {
        let Some(roles) = &self.roles else { return Ok(()) };
        let beyond = held.into_iter().find(|held| !person::may_give(roles, held));
        beyond.map_or(Ok(()), |held| {
            let refused = self.denied(Code::RoleBeyond).refused;
            Err(Problem { refused, ..Code::RoleBeyond.about(held.to_string()) })
        })
    }

    /// Locks all persons and finds the one to change. A person without a role in the caller's contests does not exist
    /// for the caller.
    pub(crate) async fn managed(&self, tx: &mut Transaction, named: &str) -> anyhow::Result<person::Person> {
        let unknown = || Problem::from(Code::PersonUnknown);
        let found = persons::lock(tx, named).await?.ok_or_else(unknown)?;
        found.clone().within(&self.sees).ok_or_else(unknown)?;
        if self.roles.as_ref().is_some_and(|roles| !person::may_manage(roles, &found)) {
            return Err(self.denied(Code::RoleBeyond).into());
        }
        Ok(found)
    }
}

/// The form of a login name.
fn no_login(wrong: WrongLogin) -> Detail {
    let zh = "须为 1 至 64 个字符：a-z、0-9、.、_、-、@，以字母或数字开头";
    Detail::new(zh, wrong.to_string()).of("login")
}

/// The roles of a field. The contest of a role to give must be in the catalogue: a typing error would create a role
/// without effect.
fn held(desk: &Desk, field: &str, roles: &[HeldRole], known: bool) -> Result<BTreeSet<Held>, Problem> {
    if roles.len() > ROLES {
        return Err(Code::FieldWrong.about(at_most(ROLES).of(field)));
    }
    let read = |it: &HeldRole| {
        let role = role_named(&format!("{field}.role"), &it.role)?;
        let contest = it.contest.as_deref().map(|contest| contest_named(desk, contest, known)).transpose()?;
        let unit = match (&contest, it.unit.as_deref()) {
            (Some(contest), Some(unit)) => Some(unit_named(desk, contest, unit, known)?),
            (_, None) => None,
            (None, Some(_)) => return Err(Code::FieldWrong.about("unit")),
        };
        let held = Held { role, contest, unit };
        let how = || {
            Detail::new(
                "报送人须写作 recommender@活动/单位，其他角色不带单位",
                "a recommender is written recommender@CONTEST/UNIT; no other role has a unit",
            )
        };
        if held.fits() { Ok(held) } else { Err(Code::FieldWrong.about(how().of(field))) }
    };
    roles.iter().map(read).collect()
}
