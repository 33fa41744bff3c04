//! Why something about a person is refused.
use super::held::Held;
use super::login::Login;
use super::role::Role;
use crate::id::PersonId;
use crate::lang::Lang;

/// Why something about a person or their token is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// No person has this id.
    #[error("there is no person {0}")]
    Unknown(PersonId),
    /// The person was ended.
    #[error("person {0} was ended")]
    Ended(PersonId),
    /// A token for a role that its owner does not hold there.
    #[error("the person does not hold the role {0}")]
    Outranks(Held),
    /// The role is held in several contests, and no contest was named.
    #[error("the person holds the role {0} in several contests: name one")]
    ContestMissing(Role),
    /// A role to take is not held.
    #[error("the person does not hold the role {0}, so it cannot be removed")]
    NotHeld(Held),
    /// There would be no admin left to manage persons.
    #[error("this is the last admin of all contests: make another person admin first")]
    LastAdmin,
    /// Another person has this login name.
    #[error("another person has the login name {0}")]
    LoginTaken(Login),
}

impl Refused {
    /// Its stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Refused::Unknown(_) => "person_unknown",
            Refused::Ended(_) => "person_ended",
            Refused::Outranks(_) => "role_not_held",
            Refused::ContestMissing(_) => "contest_missing",
            Refused::NotHeld(_) => "role_not_held",
            Refused::LastAdmin => "last_admin",
            Refused::LoginTaken(_) => "login_taken",
        }
    }

    /// One sentence for people.
    pub fn text(&self, lang: Lang) -> String {
        match (self, lang) {
            (_, Lang::En) => self.to_string(),
            (Refused::Unknown(id), Lang::Zh) => format!("没有编号为 {id} 的人员"),
            (Refused::Ended(id), Lang::Zh) => format!("人员 {id} 已停用"),
            (Refused::Outranks(held), Lang::Zh) => format!("该人员不具有角色 {held}"),
            (Refused::ContestMissing(role), Lang::Zh) => format!("该人员在多项赛事中具有角色 {role}，请指明赛事"),
            (Refused::NotHeld(held), Lang::Zh) => format!("该人员不具有角色 {held}，无法移除"),
            (Refused::LastAdmin, Lang::Zh) => "该人员是最后一名全局管理员，请先指定另一名管理员".to_owned(),
            (Refused::LoginTaken(login), Lang::Zh) => format!("登录名 {login} 已被他人使用"),
        }
    }
}
