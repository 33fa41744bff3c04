//! `reelmill`: the one binary. Services by role, the command line of entrants and organisers, and the sandboxed media child.
use std::process::ExitCode;

mod api;
mod cli;
mod command;
mod database;
#[cfg(test)]
mod documents;
mod evidence;
mod exit;
mod local;
mod output;
mod paging;
mod plain;
mod progress;
mod resume;
mod settings;
mod stop;
mod tus;
mod typed;

fn main() -> ExitCode {
    // Before anything else: the sandbox applies to the thread that enters it and those it starts, so no other thread
    // may exist yet.
    if std::env::args_os().nth(1).is_some_and(|first| first == "child") {
        return media::child::main();
    }
    let cli = <cli::Cli as clap::Parser>::parse();
    let exit = cli.run().unwrap_or_else(|error| exit::report(&error));
    exit.into()
}
