//! Sessions of persons who signed in, at the console or on the pages of recommending units. A session is valid for 30
//! minutes after its last request and for 12 hours in total, unless it or its person was ended before; the database's
//! clock decides. Only the digest of the cookie's secret is stored.
//!
//! | what | where |
//! |---|---|
//! | where people sign in | `site` |
//! | what a session is | `session` |
//! | the session of a cookie | `read` |
//! | starting, renewing and ending one | `change` |

mod change;
mod read;
mod session;
mod site;

pub use change::{begin, end, end_all, end_others, renew};
pub use session::{Factor, IDLE_S, LIFE_S, NewSession, Session, SessionRow, Shown, Why};
pub use site::Site;

/// The secret in the cookie of a session.
pub use crate::secret::Secret as SessionSecret;
