//! What staff can see: one file a view, each for the API, the pages and the command line alike.
pub mod bag;
pub mod deliveries;
