//! The width of the terminal.
use std::io::IsTerminal;

/// The narrowest terminal that a table is fitted to.
const NARROWEST: usize = 40;

/// Columns of stdout's terminal; `None` for a pipe, whose lines are not limited.
pub(super) fn terminal_columns() -> Option<usize> {
    // A test's output is captured, whatever stdout is.
    if cfg!(test) || !std::io::stdout().is_terminal() {
        return None;
    }
    let size = rustix::termios::tcgetwinsize(std::io::stdout()).ok();
    let columns = size.map(|size| usize::from(size.ws_col)).filter(|columns| *columns > 0);
    Some(columns.unwrap_or(80).max(NARROWEST))
}
