//! Authentication: a user's token for 15 days, a refresh token for 30, which can be renewed five times. Where the
//! documents say nothing the emulator is strict: a new token ends the old one at once.
use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::codes::{self, Refusal};
use super::{Asked, State, World, form_body};

const DAY_S: i64 = 24 * 3600;
/// Validity of a user's token, seconds.
pub(crate) const ACCESS_S: i64 = 15 * DAY_S;
/// Validity of a refresh token, seconds.
pub(crate) const REFRESH_S: i64 = 30 * DAY_S;
/// How often a refresh token can be renewed.
pub(crate) const RENEWALS: u32 = 5;

/// The account's tokens.
#[derive(Clone, Debug, Default)]
pub(super) struct Tokens {
    access: String,
    access_until_s: i64,
    refresh: String,
    refresh_until_s: i64,
    renewals: u32,
}

/// The tokens of an account after its owner authorised the application.
#[derive(Clone, Debug)]
pub(crate) struct Authorisation {
    /// The user's token.
    pub(crate) access_token: String,
    /// The refresh token.
    pub(crate) refresh_token: String,
}

impl Tokens {
    pub(super) fn authorisation(&self) -> Authorisation {
        Authorisation { access_token: self.access.clone(), refresh_token: self.refresh.clone() }
    }
}

impl State {
    pub(super) fn authorise(&mut self, world: &World) -> Authorisation {
        let (access, refresh, now) = (self.name("act."), self.name("rft."), world.now_s());
        let (access_until_s, refresh_until_s) = (now + ACCESS_S, now + REFRESH_S);
        self.tokens = Tokens { access, access_until_s, refresh, refresh_until_s, renewals: RENEWALS };
        self.tokens.authorisation()
    }

    /// The token's and the account's check of every call: header `access-token`, query `open_id`.
    pub(super) fn check_caller(&self, world: &World, asked: &Asked) -> Result<(), Refusal> {
        if asked.query.contains_key("access_token") {
            return Err(Refusal::parameter("the token belongs into the header access-token"));
        }
        if asked.header("access-token") != self.tokens.access {
            return Err(Refusal::code(codes::TOKEN_INVALID, "access_token无效"));
        }
        if world.now_s() >= self.tokens.access_until_s {
            return Err(Refusal::code(codes::TOKEN_EXPIRED, "access_token过期,请刷新或重新授权"));
        }
        if asked.param("open_id") != self.rules.open_id {
            return Err(Refusal::parameter("open_id is missing or of another account"));
        }
        Ok(())
    }

    pub(super) fn refresh_token(&mut self, world: &World, asked: &Asked) -> Result<Value, Refusal> {
        let form = form_body(asked)?;
        if form.get("grant_type").map(String::as_str) != Some("refresh_token") {
            return Err(Refusal::parameter("grant_type is refresh_token"));
        }
        self.check_refresh(world, &form)?;
        self.tokens.access = self.name("act.");
        self.tokens.access_until_s = world.now_s() + ACCESS_S;
        Ok(json!({
            "access_token": self.tokens.access, "expires_in": ACCESS_S, "open_id": self.rules.open_id,
            "refresh_token": self.tokens.refresh, "refresh_expires_in": self.tokens.refresh_until_s - world.now_s(),
            "scope": "user_info,video.create.bind",
        }))
    }

    pub(super) fn renew_refresh_token(&mut self, world: &World, asked: &Asked) -> Result<Value, Refusal> {
        self.check_refresh(world, &form_body(asked)?)?;
        if self.tokens.renewals == 0 {
            return Err(Refusal::code(codes::RENEWED_TOO_OFTEN, "refresh_token刷新次数已达上限"));
        }
        self.tokens.renewals -= 1;
        self.tokens.refresh = self.name("rft.");
        self.tokens.refresh_until_s = world.now_s() + REFRESH_S;
        Ok(json!({ "refresh_token": self.tokens.refresh, "expires_in": REFRESH_S }))
    }

    fn check_refresh(&self, world: &World, form: &BTreeMap<String, String>) -> Result<(), Refusal> {
        if form.get("client_key") != Some(&self.rules.client_key) {
            return Err(Refusal::parameter("client_key is missing or unknown"));
        }
        let known = form.get("refresh_token") == Some(&self.tokens.refresh);
        if !known || world.now_s() >= self.tokens.refresh_until_s {
            return Err(Refusal::code(codes::REFRESH_EXPIRED, "refresh_token过期,请重新授权"));
        }
        Ok(())
    }
}
