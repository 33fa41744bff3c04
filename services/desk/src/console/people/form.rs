//! What the pages of people read from their addresses and forms.
use serde::Deserialize;

use crate::view::persons::HeldRole;

/// The filter, and what was just done.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Query {
    pub(super) contest: Option<String>,
    pub(super) cursor: Option<String>,
    pub(super) done: Option<String>,
}

/// Roles as forms write them.
pub(super) fn held(roles: &[String]) -> Vec<HeldRole> {
    // Whether such roles exist is checked by the act.
    roles.iter().filter_map(|role| role.parse().ok()).collect()
}
