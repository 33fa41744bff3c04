//! `reelmill completions SHELL`: prints a completion script.
use clap::CommandFactory;

use crate::exit::Exit;

/// Options of `completions`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The shell to complete for
    shell: clap_complete::Shell,
}

/// Prints the script.
pub(crate) fn run(args: &Args) -> anyhow::Result<Exit> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut crate::cli::Cli::command(), "reelmill", &mut script);
    crate::output::print(&String::from_utf8_lossy(&script))?;
    Ok(Exit::Done)
}
