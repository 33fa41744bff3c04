//! The acts of entrants, each written once for pages and API: one transaction that recognises a repetition, creates the
//! entry or changes it through `Submission::advance`, and writes the audit row if an entry is changed. Everything that
//! staff can do is in the crate `desk`.

pub(crate) mod correct;
pub(crate) mod enter;
pub(crate) mod enter_row;
pub(crate) mod key;
pub(crate) mod link;
mod quota;
mod recommended;
pub(crate) mod replace;
pub(crate) mod withdraw;
