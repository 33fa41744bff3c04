//! Look and words of every page: what the pages of staff and of entrants share. Knows no rule and reads no database.
//!
//! | question | file |
//! |---|---|
//! | in which language, and how are times, sizes and states written? | `say` |
//! | how is an address drawn as a QR code? | `qr` |
//! | which style sheet and modules are there, and under which address? | `assets` |
//! | which security policy, cookie of the language and redirects have all pages? | `serve` |
//! | what stands around every page? | `templates/base.html`, `assets/style.css` |

pub mod assets;
pub mod qr;
pub mod say;
pub mod serve;

pub use say::Say;
