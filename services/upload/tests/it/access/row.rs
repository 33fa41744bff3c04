//! A route's row: the answer that each kind of caller gets.
use runtime::store::people::tokens::Role;
use serde_json::Value;

/// The expected answers of a route: a problem's code, or the status if it is no problem.
pub(super) struct Row {
    pub(super) route: &'static str,
    pub(super) body: Value,
    /// Without a token; with an invalid, expired or revoked token, or one whose owner was ended or lost its role.
    pub(super) strangers: [&'static str; 2],
    /// The entry's own entrant, and another one.
    pub(super) entrants: [&'static str; 2],
    /// Screener, organiser, operator and auditor of the entry's contest. The answer to an admin follows from the
    /// policy: see `answer`.
    pub(super) people: [&'static str; 4],
    /// The same of another contest.
    pub(super) elsewhere: [&'static str; 4],
    /// An admin of the entry's contest and of another, if the route is not closed to admins.
    pub(super) admins: Option<[&'static str; 2]>,
}

impl Row {
    pub(super) fn by_admins(self, here: &'static str, elsewhere: &'static str) -> Self {
        Self { admins: Some([here, elsewhere]), ..self }
    }
}

pub(super) const STRANGERS: [&str; 2] = ["token_missing", "token_wrong"];
pub(super) const NO_ROLE: &str = "role_missing";

/// A route that is open to everyone.
pub(super) fn public(route: &'static str, body: Value, answer: &'static str) -> Row {
    let (strangers, entrants) = ([answer; 2], [answer; 2]);
    Row { route, body, strangers, entrants, people: [answer; 4], elsewhere: [answer; 4], admins: None }
}

/// A route of the upload protocol: for the upload's entrant.
pub(super) fn upload(route: &'static str, own: &'static str, foreign: &'static str) -> Row {
    let (people, elsewhere) = (["token_wrong"; 4], ["token_wrong"; 4]);
    Row { route, body: Value::Null, strangers: STRANGERS, entrants: [own, foreign], people, elsewhere, admins: None }
}

/// A route of staff about one entry. For a role of another contest the entry does not exist.
pub(super) fn about(route: &'static str, body: Value, people: [&'static str; 4]) -> Row {
    let elsewhere = people.map(|answer| if answer == NO_ROLE { NO_ROLE } else { "submission_unknown" });
    Row { route, body, strangers: STRANGERS, entrants: ["token_wrong"; 2], people, elsewhere, admins: None }
}

/// A route of staff about no entry in particular.
pub(super) fn general(route: &'static str, body: Value, people: [&'static str; 4]) -> Row {
    Row { route, body, strangers: STRANGERS, entrants: ["token_wrong"; 2], people, elsewhere: people, admins: None }
}

/// A public route about one entry, for its entrant. A token of staff is invalid there.
pub(super) fn entrants(route: &'static str, own: &'static str) -> Row {
    let (people, elsewhere) = (["token_wrong"; 4], ["token_wrong"; 4]);
    Row {
        route,
        body: Value::Null,
        strangers: STRANGERS,
        entrants: [own, "token_wrong"],
        people,
        elsewhere,
        admins: None,
    }
}

/// The expected answer of a row for a role, here or elsewhere. An admin manages persons and nothing else: every other
/// route of staff is closed to one.
pub(super) fn answer(row: &Row, elsewhere: bool, role: Role) -> &'static str {
    let answers = if elsewhere { &row.elsewhere } else { &row.people };
    match (Role::STAFF[..4].iter().position(|it| *it == role), row.admins) {
        (Some(at), _) => answers[at],
        (None, Some(admins)) => admins[usize::from(elsewhere)],
        (None, None) if row.strangers == STRANGERS && answers != &["token_wrong"; 4] => NO_ROLE,
        (None, None) => answers[0],
    }
}
