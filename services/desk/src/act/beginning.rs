//! The stages at which a new run can start.
use std::fmt;
use std::str::FromStr;

use pipeline::stage::Stage;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A stage at which a run can start. Not `assemble`: encoded segments are deleted once they are assembled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Beginning {
    /// The film is measured again.
    Probe,
    /// The measurements are judged again.
    Screen,
    /// All files are encoded again.
    Transcode,
    /// The files in force are published again.
    Publish,
}

impl Beginning {
    /// The stage.
    pub fn stage(self) -> Stage {
        match self {
            Beginning::Probe => Stage::Probe,
            Beginning::Screen => Stage::Screen,
            Beginning::Transcode => Stage::Transcode,
            Beginning::Publish => Stage::Publish,
        }
    }
}

impl fmt::Display for Beginning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.stage().name())
    }
}

impl FromStr for Beginning {
    type Err = String;
    fn from_str(name: &str) -> Result<Self, String> {
        let all = [Beginning::Probe, Beginning::Screen, Beginning::Transcode, Beginning::Publish];
        let found = all.into_iter().find(|it| it.stage().name() == name);
        found.ok_or_else(|| match name {
            "assemble" => "encoded segments are deleted once they are assembled; begin at transcode".to_owned(),
            _ => "a run begins at probe, screen, transcode or publish".to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stage_at_which_no_run_begins_is_refused_with_those_that_do() {
        assert_eq!("screen".parse::<Beginning>(), Ok(Beginning::Screen));
        assert!("assemble".parse::<Beginning>().unwrap_err().contains("begin at transcode"));
        assert!("upload".parse::<Beginning>().unwrap_err().contains("probe, screen, transcode or publish"));
    }
}
