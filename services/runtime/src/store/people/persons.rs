//! Persons who are not entrants, and the roles that they hold. The rules are in `pipeline::person`; here they are
//! applied under a lock, together with the tokens that end with a role or a person.
//!
//! | what | where |
//! |---|---|
//! | persons and their roles | `read`, `roles` |
//! | adding and ending a person, other roles | `change` |

mod change;
mod read;
mod roles;

pub use change::{NewPerson, add, change_roles, end, lock};
pub(in crate::store) use read::{held, load, take_turn};
