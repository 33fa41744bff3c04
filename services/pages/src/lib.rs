//! The appearance and the wording of every page: what the pages of staff and of entrants share. It contains no rules
//! and reads no database.
//!
//! | question | file |
//! |---|---|
//! | how is a text chosen by language, and how are times, sizes and states written? | `say` |
//! | how is an address drawn as a QR code? | `qr` |
//! | which style sheet and modules exist, and under which addresses? | `assets` |
//! | which security policy, language cookie and redirects do all pages have? | `serve` |
//! | what is the frame of every page? | `templates/base.html`, `assets/style.css` |

pub mod assets;
pub mod qr;
pub mod say;
pub mod serve;

pub use say::Say;
