//! Progress bars on stderr: drawn on a terminal, silent elsewhere, so that logs stay readable.
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use crate::output;

/// A bar that counts bytes.
pub(crate) fn of_bytes(what: &str, length: u64) -> ProgressBar {
    let bar = ProgressBar::new(length);
    // The templates are constants; a test parses them.
    let style = ProgressStyle::with_template(BYTES).unwrap_or_else(|_| ProgressStyle::default_bar());
    bar.set_style(style);
    bar.set_message(output::plain(what));
    bar
}

/// A bar for a job that reports its progress, below the others of `group`.
pub(crate) fn of_job(group: &MultiProgress, what: &str) -> ProgressBar {
    let bar = group.add(ProgressBar::new(1000));
    let style = ProgressStyle::with_template(JOB).unwrap_or_else(|_| ProgressStyle::default_bar());
    bar.set_style(style);
    bar.set_message(output::plain(what));
    bar.enable_steady_tick(Duration::from_secs(1));
    bar
}

const BYTES: &str = "{msg} {wide_bar} {bytes}/{total_bytes} {bytes_per_sec} {eta}";
const JOB: &str = "{msg:30} {wide_bar} {percent:>3} % {elapsed}";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_templates_are_well_formed() {
        for template in [BYTES, JOB] {
            assert!(ProgressStyle::with_template(template).is_ok());
        }
    }
}
