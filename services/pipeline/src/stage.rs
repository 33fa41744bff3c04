//! The straight line: the stages and their order. Gates are between stages, see `submission`.
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A step done by machines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Fetch the mezzanine, verify it, decode it once and report `MediaInfo`.
    Probe,
    /// Judge `MediaInfo` by the contest's rules and plan the renditions.
    Screen,
    /// Encode picture segments and sound.
    Transcode,
    /// Join, check and store each rendition.
    Assemble,
    /// Hand the package to each partner.
    Publish,
}

impl Stage {
    /// Every stage, in order. Queues, labels, span names and Helm keys come from here.
    pub const ALL: [Stage; 5] = [Stage::Probe, Stage::Screen, Stage::Transcode, Stage::Assemble, Stage::Publish];

    /// The stage after this one. The only place that defines the order.
    pub fn next(self) -> Option<Stage> {
        match self {
            Stage::Probe => Some(Stage::Screen),
            Stage::Screen => Some(Stage::Transcode),
            Stage::Transcode => Some(Stage::Assemble),
            Stage::Assemble => Some(Stage::Publish),
            Stage::Publish => None,
        }
    }

    /// The stage's one name: queue name, metric label, span name, Helm key, database value.
    pub fn name(self) -> &'static str {
        match self {
            Stage::Probe => "probe",
            Stage::Screen => "screen",
            Stage::Transcode => "transcode",
            Stage::Assemble => "assemble",
            Stage::Publish => "publish",
        }
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// No stage has this name.
#[derive(Debug, thiserror::Error)]
#[error("no stage is called {0:?}; stages are probe, screen, transcode, assemble and publish")]
pub struct UnknownStage(String);

impl FromStr for Stage {
    type Err = UnknownStage;
    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Stage::ALL.into_iter().find(|stage| stage.name() == name).ok_or_else(|| UnknownStage(name.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_visits_every_stage() {
        let mut seen = vec![Stage::ALL[0]];
        while let Some(next) = seen.last().unwrap().next() {
            seen.push(next);
        }
        assert_eq!(seen, Stage::ALL);
    }

    #[test]
    fn a_name_leads_back_to_its_stage() {
        for stage in Stage::ALL {
            assert_eq!(stage.name().parse::<Stage>().unwrap(), stage);
        }
    }
}
