//! OAuth: access tokens that expire, and refresh tokens that work once. A second use means that a token was stolen: all
//! become void.
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Refusal, State, wrong};
use crate::support::platforms::{Asked, World};

impl State {
    pub(super) fn check_access_token(&self, world: &World, asked: &Asked) -> Result<(), Refusal> {
        let valid = asked.header("access-token") == self.keys.access_token && world.now_s() < self.keys.expires_at;
        valid.then_some(()).ok_or_else(|| (-101, "账号未登录".to_owned()))
    }

    /// `expires_in` is an absolute time, seconds since 1970.
    pub(super) fn new_tokens(&mut self, call: &str, world: &World, asked: &Asked) -> Result<Value, Refusal> {
        let form = asked.form();
        let field = |name: &str| form.get(name).map_or("", String::as_str);
        if field("client_id") != self.keys.client_id || field("client_secret") != self.keys.client_secret {
            return Err((4001, "应用无效".into()));
        }
        match call {
            "token" if field("grant_type") == "authorization_code" && field("code") == "code-of-the-emulator" => {}
            "refresh" if field("grant_type") == "refresh_token" => self.use_refresh_token(field("refresh_token"))?,
            _ => return Err(wrong("grant_type or code")),
        }
        let secret = |what: &str| format!("{what}-canary-{}", Uuid::new_v4().simple());
        self.keys.access_token = secret("access");
        self.keys.refresh_token = secret("refresh");
        self.keys.expires_at = world.now_s() + self.settings.token_s;
        Ok(json!({
            "access_token": self.keys.access_token, "refresh_token": self.keys.refresh_token,
            "expires_in": self.keys.expires_at, "scopes": ["ARC_BASE"],
        }))
    }

    fn use_refresh_token(&mut self, token: &str) -> Result<(), Refusal> {
        if token == self.keys.refresh_token && !self.used_refresh_tokens.iter().any(|used| used == token) {
            self.used_refresh_tokens.push(token.to_owned());
            return Ok(());
        }
        if self.used_refresh_tokens.iter().any(|used| used == token) {
            self.keys.access_token = String::from("revoked");
            self.used_refresh_tokens.push(self.keys.refresh_token.clone());
        }
        Err((-904, "refresh_token 无效".into()))
    }
}
