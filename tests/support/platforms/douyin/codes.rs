//! The codes of Douyin's refusals, in a body whose HTTP status is 200.

/// Why a call is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// The code.
    pub(crate) code: i64,
    /// Its message.
    pub(crate) words: String,
}

/// Try again.
pub(crate) const SYSTEM: i64 = 28001005;
/// A parameter is wrong.
pub(crate) const PARAMETER: i64 = 28001007;
/// No such access token.
pub(crate) const TOKEN_INVALID: i64 = 28001003;
/// The access token is too old.
pub(crate) const TOKEN_EXPIRED: i64 = 28001008;
/// The application was not granted this.
pub(crate) const NO_CAPABILITY: i64 = 28001018;
/// Called too often.
pub(crate) const SLOW_DOWN: i64 = 28001052;
/// This call is switched off.
pub(crate) const OFFLINE: i64 = 28001056;
/// The quota is used up.
pub(crate) const QUOTA: i64 = 28003017;
/// 75 creates a day and user.
pub(crate) const DAILY_LIMIT: i64 = 2114007;
/// Longer than 15 minutes.
pub(crate) const TOO_LONG: i64 = 2114006;
/// Too large for one piece.
pub(crate) const MUST_BE_IN_PARTS: i64 = 2190005;
/// The refresh token is too old or unknown.
pub(crate) const REFRESH_EXPIRED: i64 = 10010;
/// The refresh token was renewed as often as it may be.
pub(crate) const RENEWED_TOO_OFTEN: i64 = 10020;

impl Refusal {
    /// A refusal with a message.
    pub(crate) fn code(code: i64, words: impl Into<String>) -> Self {
        Self { code, words: words.into() }
    }

    /// A wrong parameter.
    pub(crate) fn parameter(words: impl Into<String>) -> Self {
        Self::code(PARAMETER, words)
    }
}
