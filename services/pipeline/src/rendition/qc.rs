//! The checks of quality control on a finished rendition.
use serde::{Deserialize, Serialize};

/// One check of quality control on a finished rendition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "StoredCheck")]
pub struct QcCheck {
    /// The check: `frame_count`, `faststart`, `loudness`, …
    pub check: String,
    /// The measured value, as text.
    pub measured: String,
    /// The allowed value, as text.
    pub limit: String,
    /// The result.
    pub outcome: QcOutcome,
}

/// The result of a check of quality control.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QcOutcome {
    /// Within its limit.
    Pass,
    /// Outside of it: the rendition is not delivered.
    Fail,
    /// The measurement itself cannot be trusted, so the rendition is unchecked. It is not delivered either: a person
    /// must look.
    Invalid,
}

impl QcOutcome {
    /// Every outcome.
    pub const ALL: [QcOutcome; 3] = [QcOutcome::Pass, QcOutcome::Fail, QcOutcome::Invalid];

    /// `Pass` or `Fail`.
    pub fn of(pass: bool) -> Self {
        if pass { Self::Pass } else { Self::Fail }
    }

    /// Its name, as stored.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Invalid => "invalid",
        }
    }
}

/// A check as written by any version: old ones had `pass` only.
#[derive(Deserialize)]
struct StoredCheck {
    check: String,
    measured: String,
    limit: String,
    outcome: Option<QcOutcome>,
    pass: Option<bool>,
}

impl From<StoredCheck> for QcCheck {
    fn from(stored: StoredCheck) -> Self {
        let StoredCheck { check, measured, limit, outcome, pass } = stored;
        let outcome = outcome.or(pass.map(QcOutcome::of)).unwrap_or(QcOutcome::Invalid);
        Self { check, measured, limit, outcome }
    }
}
