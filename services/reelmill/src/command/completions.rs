//! `reelmill completions SHELL`: prints a completion script.
use crate::exit::Exit;

/// Options of `completions`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The shell to complete for
    shell: clap_complete::Shell,
}

/// Prints the script for the command line `cli`.
pub(crate) fn run(args: &Args, mut cli: clap::Command) -> anyhow::Result<Exit> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut cli, "reelmill", &mut script);
    crate::output::print(&String::from_utf8_lossy(&script))?;
    Ok(Exit::Done)
}
