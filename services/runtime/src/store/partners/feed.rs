//! Feeds that partners pull: their items, and what was fetched of each.
//!
//! An item is offered while its row is in the feed *and* its delivery is to be there. Both are checked at each request,
//! so a recall ends every link immediately. A fetch is recorded before its first byte is sent, under a lock that the
//! removal of the item waits for.
//!
//! | what | where |
//! |---|---|
//! | the works in a feed | `items` |
//! | what was fetched of them | `pulls` |

mod items;
mod pulls;

pub use items::FeedItem;
pub use pulls::Pull;
