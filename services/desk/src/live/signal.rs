//! What every reader of the process receives.
use super::change::Update;

/// An update, or an order to check who may have updates.
#[derive(Clone)]
pub(super) enum Signal {
    Update(Update),
    /// A session, a person or a role may have ended.
    Sessions,
}
