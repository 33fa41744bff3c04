//! Requests that each door refuses: of people, by their tokens, and of partners, by tokens and signatures.
use reqwest::{Client, RequestBuilder};
use runtime::bearer::Bearer;
use uuid::Uuid;

use crate::support::Service;
use crate::support::entrant::Entered;

/// A token or signature that was guessed.
pub(super) const GUESS: &str = "canary-guess-0123456789abcdef";

/// A request that is refused, and what the log says about it.
pub(super) struct Knock {
    pub(super) request: RequestBuilder,
    pub(super) door: &'static str,
    pub(super) reason: &'static str,
    pub(super) code: &'static str,
    pub(super) credential: String,
}

/// The public address, the desk and the partners' port of a service.
pub(super) struct Doors {
    public: String,
    desk: String,
    partners: String,
    http: Client,
}

impl Doors {
    pub(super) fn of(service: &Service) -> Self {
        Self {
            public: format!("http://{}", service.api_address().expect("the public API")),
            desk: format!("http://{}", service.desk_address().expect("the desk")),
            partners: format!("http://{}", service.partner_address().expect("the partners' port")),
            http: Client::new(),
        }
    }

    fn get(&self, url: String) -> RequestBuilder {
        self.http.get(url)
    }

    /// With tokens of staff and entrants.
    pub(super) fn of_people(&self, entered: &Entered, made_up: &Bearer) -> Vec<Knock> {
        let entry = || self.get(format!("{}/api/v1/submissions/{}", self.public, entered.id));
        let tokens = || self.get(format!("{}/api/v1/tokens", self.desk));
        let at_desk = self.get(format!("{}/api/v1/submissions/{}", self.desk, entered.id));
        let wrong = format!("{}.{}", entered.id.simple(), "A".repeat(43));
        let knock = |request, door, reason, code, credential: &str| Knock {
            request,
            door,
            reason,
            code,
            credential: credential.to_owned(),
        };
        let made_up_id = made_up.id.to_string();
        vec![
            knock(tokens(), "organisers", "missing", "token_missing", "unknown"),
            knock(tokens().bearer_auth(made_up.text()), "organisers", "unknown", "token_wrong", &made_up_id),
            // The public address accepts entrants' tokens only, the desk only those of staff.
            knock(entry().bearer_auth(made_up.text()), "entrants", "malformed", "token_wrong", "unknown"),
            knock(at_desk.bearer_auth(&entered.token), "organisers", "malformed", "token_wrong", "unknown"),
            knock(entry().bearer_auth(wrong), "entrants", "wrong", "token_wrong", &entered.id.to_string()),
        ]
    }

    /// With what partners send: tokens of a feed, signatures of links and of notices.
    pub(super) fn of_partners(&self) -> Vec<Knock> {
        let at = |path: &str| format!("{}/partners/{path}", self.partners);
        let film = at(&format!("net/files/{}/1/a.mp4", Uuid::now_v7()));
        let notice = |partner: &str| self.http.post(at(&format!("{partner}/webhook"))).body("{}");
        let feed = |request, reason, code, partner: &str| Knock {
            request,
            door: "feed",
            reason,
            code,
            credential: partner.to_owned(),
        };
        let about = |request, reason, partner: &str| Knock {
            request,
            door: "notices",
            reason,
            code: "unauthorised",
            credential: partner.to_owned(),
        };
        vec![
            feed(self.get(at("net/feed.xml")).bearer_auth(GUESS), "wrong", "unauthorised", "net"),
            feed(self.get(at("none/feed.xml")).bearer_auth(GUESS), "unknown", "unauthorised", "unknown"),
            feed(self.get(format!("{film}?expires=1&signature={GUESS}")), "wrong", "forbidden", "net"),
            feed(self.get(film), "missing", "forbidden", "unknown"),
            about(notice("dy").header("x-douyin-signature", GUESS), "wrong", "dy"),
            about(notice("bilibili"), "missing", "unknown"),
        ]
    }
}
