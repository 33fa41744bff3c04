//! Media jobs that pause at their start for as long as a test wants, so that "during the child" is a state and not a
//! moment.
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::process::binary;

/// A stand-in for the child's program that stops itself while the pause is on, and then becomes the child.
pub(crate) struct Pause {
    script: PathBuf,
    flag: PathBuf,
}

impl Pause {
    /// Created in `dir`; on from the start.
    pub(crate) fn new(dir: &Path) -> Self {
        let (script, flag) = (dir.join("pausing-child"), dir.join("pause"));
        let text = format!(
            "#!/bin/sh\n[ ! -e '{}' ] || kill -STOP $$\nexec '{}' \"$@\"\n",
            flag.display(),
            binary().display()
        );
        std::fs::write(&script, text).expect("write the pausing child");
        std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755)).expect("make it a program");
        let pause = Self { script, flag };
        pause.on();
        pause
    }

    /// The environment of a service whose children are to pause.
    pub(crate) fn env(&self) -> (&'static str, &str) {
        ("REELMILL_CHILD_EXE", self.script.to_str().expect("a plain path"))
    }

    /// Children that start from now on stop.
    pub(crate) fn on(&self) {
        std::fs::write(&self.flag, "").expect("write the flag");
    }

    /// Children that start from now on run. Those already paused have to be continued.
    pub(crate) fn off(&self) {
        std::fs::remove_file(&self.flag).expect("remove the flag");
    }
}
