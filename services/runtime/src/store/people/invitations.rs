//! Invitations: one-time links with which a person sets password and second factor, for the first time or again.
//! Opening a link changes nothing; it is used up when a code confirms the second factor. Only the digest of the link's
//! secret is stored.
//!
//! | what | where |
//! |---|---|
//! | an invitation | `invitation` |
//! | the invitation of a link | `read` |
//! | creating, using and ending one | `change` |

mod change;
mod invitation;
mod read;

pub(in crate::store) use change::expire;
pub use change::{accept, choose, create};
pub use invitation::{Invitation, Purpose};
pub use read::{lock, was_accepted};

/// The secret in the link of an invitation.
pub use crate::secret::Secret as LinkSecret;
/// The secret of the browser in which a password was chosen through a link.
pub use crate::secret::Secret as ChooserSecret;
