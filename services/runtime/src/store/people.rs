//! Persons of staff and of recommending units: who they are, how they sign in, what they decide and did.
//!
//! | what | where |
//! |---|---|
//! | persons of staff and their roles | `persons` |
//! | their tokens for programs | `tokens` |
//! | passwords, second factors, failed attempts | `sign_in` |
//! | links with which a person sets password and second factor | `invitations` |
//! | sessions of persons who signed in | `sessions` |
//! | who screens which work | `reviews` |
//! | decisions that take effect after a moment | `held` |
//! | the audit trail of their acts | `audit` |
//! | requests that may be repeated | `idempotency` |

pub mod audit;
pub mod held;
pub mod idempotency;
pub mod invitations;
pub mod persons;
pub mod reviews;
pub mod sessions;
pub mod sign_in;
pub mod tokens;
