//! Persons: adds them, changes their roles, ends them. A token of an admin does so within its contests; a caller on the
//! command line has the database's password, so it may do so for all contests, and the trail shows the missing
//! credential.
use pipeline::id::PersonId;
use pipeline::person::{Login, RoleChange, WrongLogin};
use pipeline::text::Limit;
use runtime::problem::{Code, Detail, Problem};
use runtime::serving::typed;
use runtime::store::people::persons::{self, NewPerson};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{Caller, Done, missing_reason, settle};
use crate::Desk;
use crate::view::persons::{HeldRole, Person};
use held::held;

mod held;
mod managed;

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
    let by = &by;
    let new = &new;
    let dry_run = wish.dry_run;
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
    let by = &by;
    let change = &change;
    let dry_run = wish.dry_run;
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

/// The form of a login name.
fn no_login(wrong: WrongLogin) -> Detail {
    let zh = "须为 1 至 64 个字符：a-z、0-9、.、_、-、@，以字母或数字开头";
    Detail::new(zh, wrong.to_string()).of("login")
}
