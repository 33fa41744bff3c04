//! Numbers of seconds on the command line.

/// A positive number of seconds, at most a day.
pub(super) fn seconds(text: &str) -> Result<f64, String> {
    let value: f64 = text.parse().map_err(|_| "a number of seconds, such as 30 or 0.5".to_owned())?;
    if value > 0.0 && value <= 86_400.0 { Ok(value) } else { Err("more than 0 and at most 86400 seconds".to_owned()) }
}
