//! Settings of sandboxed children.
use std::path::PathBuf;

use clap::Args;

/// The program that runs media jobs, and its sandbox.
#[derive(Args, Clone)]
pub struct ChildConfig {
    /// Work on a kernel without Landlock. Media then runs behind seccomp and resource limits only.
    #[arg(long, env = "REELMILL_ALLOW_MISSING_LANDLOCK", default_value_t = false)]
    pub allow_missing_landlock: bool,

    /// Program that runs the sandboxed media jobs, called with the argument `child`; this program if absent.
    #[arg(long, env = "REELMILL_CHILD_EXE", hide = true)]
    pub child_exe: Option<PathBuf>,
}
