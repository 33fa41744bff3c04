//! Lists for organisers: submissions with all filters, and parked parts.
//!
//! The text of a query contains only the filters that are given, so that the planner sees just these and uses their
//! index. Titles and units have no index, because a trigram index is useless for two Chinese characters. They are
//! searched in a limited number of works, and the page states where the next one continues.
//!
//! | what | where |
//! |---|---|
//! | the filters, the size of a page | `wanted` |
//! | works and their deliveries | `works` |
//! | how many there are | `count` |
//! | parked parts | `parked` |

mod count;
mod parked;
mod wanted;
mod works;

pub use count::{Count, MOST_COUNTED};
pub use parked::Parked;
pub(in crate::store) use wanted::within;
pub use wanted::{MOST_ROWS, Wanted};
pub use works::{Found, Listed, ListedDelivery};
