//! The commands, one a file. Those of organisers talk to Postgres, `submit` talks HTTP like any entrant, and `render`, `probe`
//! and `plan` need no server at all.

pub(crate) mod audit;
pub(crate) mod bag;
pub(crate) mod bulk;
pub(crate) mod completions;
pub(crate) mod confirm;
pub(crate) mod delivered;
pub(crate) mod doctor;
pub(crate) mod fsck;
pub(crate) mod hold;
pub(crate) mod inventory;
pub(crate) mod migrate;
pub(crate) mod partner;
pub(crate) mod plan;
pub(crate) mod preview;
pub(crate) mod probe;
pub(crate) mod ready;
pub(crate) mod recall;
pub(crate) mod recalled;
pub(crate) mod release;
pub(crate) mod render;
pub(crate) mod reprocess;
pub(crate) mod retention;
pub(crate) mod retry;
pub(crate) mod review;
pub(crate) mod s3;
pub(crate) mod serve;
pub(crate) mod status;
pub(crate) mod submit;
pub(crate) mod token;
pub(crate) mod trace;
pub(crate) mod trouble;
pub(crate) mod webhook;
pub(crate) mod withdraw;
