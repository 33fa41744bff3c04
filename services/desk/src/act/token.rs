//! Tokens: makes and revokes credentials of persons for programs.
//!
//! The secret of a new token is in the result, so a caller with a credential can make tokens of its own owner only, in
//! its own role: a stolen token cannot be exchanged for one of another person or role. The command line may name any
//! person.
use std::time::Duration;

use pipeline::id::{ContestId, PersonId};
use pipeline::person::{Held, Refused};
use pipeline::text::Limit;
use runtime::bearer::Bearer;
use runtime::problem::{Code, Detail, Problem};
use runtime::serving::typed;
use runtime::store::Transaction;
use runtime::store::people::persons;
use runtime::store::people::tokens::{self, NewToken};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{Caller, Done, contest_named, role_named, settle};
use crate::Desk;
use crate::view::tokens::Token;

const HOUR_S: u64 = 3600;
/// Longest validity: a year. A program that needs a token for longer gets a new one.
const MOST_HOURS: u64 = 366 * 24;

/// A token to create.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateToken {
    /// A role that its owner holds; through the API, the role of the token that creates it.
    pub role: String,
    /// What it is for, as the list shows it.
    pub name: String,
    /// Only this contest. If absent: all contests, or the one that its creator or its owner's role is bound to.
    #[serde(default)]
    pub contest: Option<String>,
    /// How long it is valid, in days or hours, such as `90d` or `8h`; at most `366d`.
    #[serde(default = "usual_life")]
    pub expires: String,
    /// Why, for the audit trail.
    #[serde(default)]
    pub reason: Option<String>,
}

/// A new token with its secret.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct TokenCreated {
    /// For `Authorization: Bearer`. Shown only here.
    pub bearer: String,
    /// The token.
    pub token: Token,
}

/// Why a token is revoked.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RevokeToken {
    /// Why, for the audit trail.
    pub reason: Option<String>,
}

fn usual_life() -> String {
    "90d".to_owned()
}

/// Makes a token. `owner` names a person by id or login name; the caller's own person if absent. A repeated request with the same key
/// gets the same secret: the stored result is sealed with that key.
pub async fn create(
    desk: &Desk,
    caller: &Caller,
    owner: Option<&str>,
    wish: CreateToken,
) -> Result<Done<TokenCreated>, Problem> {
    let by = caller.because(wish.reason.as_deref())?;
    let wanted = wish.held(desk, caller, owner)?;
    let name = typed::field("name", &wish.name, Limit::TOKEN_NAME)?;
    let expires_after = life(&wish.expires)?;
    let bearer = Bearer::new(Uuid::now_v7())?;
    let kept = bearer.keep().await?;
    let by = &by;
    let wanted = &wanted;
    let name = &name;
    let bearer = &bearer;
    let kept = &kept;
    let done = desk.store.transaction("create_token", |tx, _| {
        Box::pin(async move {
            if let Some(done) = caller.begin(tx, false).await? {
                return Ok(done);
            }
            let Held { role, contest, .. } = wanted.clone();
            let person = caller.owner(tx, owner).await?;
            let new = NewToken { id: bearer.id, person, role, name: name.clone(), contest, expires_after };
            let token = tokens::create(tx, &new, kept, by).await.map_err(|error| caller.lost(error))?;
            caller.end(tx, false, TokenCreated { bearer: bearer.text(), token: token.into() }).await
        })
    });
    settle(done.await)
}

/// Revokes a token: it is refused from the next request on. Revoking it again changes nothing. A token that is not
/// bound to the caller's contest does not exist for the caller.
pub async fn revoke(desk: &Desk, caller: &Caller, id: Uuid, wish: RevokeToken) -> Result<Done<Token>, Problem> {
    let by = caller.because(wish.reason.as_deref())?;
    let by = &by;
    let done = desk.store.transaction("revoke_token", |tx, _| {
        Box::pin(async move {
            if let Some(done) = caller.begin(tx, false).await? {
                return Ok(done);
            }
            let revoked = tokens::revoke(tx, id, &caller.sees, by).await?;
            let token = revoked.ok_or_else(|| Problem::from(Code::TokenUnknown))?;
            caller.end(tx, false, Token::from(token)).await
        })
    });
    settle(done.await)
}

impl CreateToken {
    /// The role and contest of the token, which a caller with a credential must have itself.
    fn held(&self, desk: &Desk, caller: &Caller, owner: Option<&str>) -> Result<Held, Problem> {
        let role = role_named("role", &self.role)?;
        let Some(roles) = &caller.roles else {
            let contest = self.contest.as_deref().map(|it| contest_named(desk, it, true)).transpose()?;
            return Ok(Held::of(role, contest));
        };
        if owner.is_some() || !roles.iter().any(|held| held.role == role) {
            return Err(caller.denied(Code::RoleMissing));
        }
        let contest = match &self.contest {
            Some(asked) if !caller.sees.includes(&ContestId::new(asked.as_str())) => {
                return Err(caller.denied(Code::ContestForeign));
            }
            Some(asked) => Some(contest_named(desk, asked, true)?),
            None => caller.sees.one().cloned(),
        };
        let held = Held::of(role, contest);
        if held.is_covered_by(roles) { Ok(held) } else { Err(caller.denied(Code::ContestForeign)) }
    }
}

impl Caller {
    async fn owner(&self, tx: &mut Transaction, named: Option<&str>) -> anyhow::Result<PersonId> {
        let found = match named {
            Some(named) => persons::lock(tx, named).await?.map(|person| person.id),
            None => self.by.person,
        };
        found.ok_or_else(|| Problem::from(Code::PersonUnknown).into())
    }

    /// Between the check of the caller's credential and now, its owner was ended or lost the role.
    fn lost(&self, error: anyhow::Error) -> anyhow::Error {
        let lost = self.roles.is_some() && error.is::<Refused>();
        if lost { self.denied(Code::TokenWrong).into() } else { error }
    }
}

/// Parses a validity as people write it.
fn life(text: &str) -> Result<Duration, Problem> {
    let wrong = || {
        let (zh, en) = ("须为 90d（天）或 8h（小时）这样的时长，至多 366d", "a time such as 90d or 8h, at most 366d");
        Code::FieldWrong.about(Detail::new(zh, en).of("expires"))
    };
    let (digits, hours) = match text.split_at_checked(text.len().saturating_sub(1)) {
        Some((digits, "d")) => (digits, 24),
        Some((digits, "h")) => (digits, 1),
        _ => return Err(wrong()),
    };
    let count: u64 = digits.parse().map_err(|_| wrong())?;
    match count.checked_mul(hours) {
        Some(hours) if (1..=MOST_HOURS).contains(&hours) => Ok(Duration::from_secs(hours * HOUR_S)),
        _ => Err(wrong()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_life_is_days_or_hours() {
        assert_eq!(life("90d").unwrap(), Duration::from_secs(90 * 24 * HOUR_S));
        assert_eq!(life("8h").unwrap(), Duration::from_secs(8 * HOUR_S));
        assert_eq!(life(&usual_life()).unwrap(), life("90d").unwrap());
        for wrong in ["", "d", "0d", "90", "367d", "-1d", "1.5d", "1日", "99999999999999999999d"] {
            assert_eq!(life(wrong).unwrap_err().code, Code::FieldWrong, "{wrong}");
        }
    }
}
