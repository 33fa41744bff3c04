//! What entrants do to an entry that exists, once for every way in: one transaction that recognises a repetition, changes the entry through
//! `Submission::advance`, and writes the audit row. Everything that staff can do is in the crate `desk`.

pub(crate) mod withdraw;
