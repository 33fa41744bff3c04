//! The command line: which commands there are, and what `--help` says. Each command is one file in `command/`.
use clap::{CommandFactory, Parser, Subcommand};

use crate::command::{
    audit, bag, bulk, completions, confirm, cure, delivered, doctor, fsck, hold, inventory, migrate, openapi, partner,
    person, plan, preview, probe, ready, recall, recalled, reference, release, render, reprocess, retention, retry,
    review, s3, serve, status, submit, texts, token, trace, trouble, webhook, withdraw,
};
use crate::exit::{self, Exit};
use crate::stop::stop_signal;

/// Reelmill (映工场): takes the videos that people enter for a contest, checks them, and delivers each accepted one to every
/// partner in exactly the shape that the partner wants.
#[derive(Parser)]
#[command(name = "reelmill", version, after_help = exit::CODES, max_term_width = 110)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the services: all of them in one process, or the roles that are named
    Serve(Box<serve::Args>),
    /// Bring the database's schema up to date
    Migrate(migrate::Args),
    /// Ask a service on this machine whether it can work, as a container's health check does
    Ready(ready::Args),
    /// Serve a directory as S3, for one machine without an object store
    S3(s3::Args),
    /// Run one media job as requested on stdin (started by the services, in a sandbox)
    #[command(hide = true)]
    Child,

    /// Enter works: sends the form and the file, resumes where it was interrupted
    #[command(after_help = exit::CODES)]
    Submit(Box<submit::Args>),
    /// Show all entries, or one with its verdict, renditions and deliveries
    #[command(after_help = exit::CODES)]
    Status(status::Args),
    /// Show how an entry's time was spent: waiting, worked on, at people's gates, stage by stage and part by part
    #[command(after_help = exit::CODES)]
    Trace(trace::Args),
    /// Show everything that waits for a person, the most pressing first, with the command that resolves it
    #[command(after_help = exit::CODES)]
    Trouble(trouble::Args),
    /// Fetch the preview for a decision: a small copy of the film, and its storyboard
    #[command(after_help = exit::CODES)]
    Preview(preview::Args),
    /// Decide on an entry that passed screening
    #[command(subcommand, after_help = exit::CODES)]
    Review(review::Args),
    /// Release finished entries to their partners
    #[command(after_help = exit::CODES)]
    Release(release::Args),
    /// Try again what failed and was parked
    #[command(after_help = exit::CODES)]
    Retry(retry::Args),
    /// Start new runs of entries from a stage: of one, of several, or of all that a selection finds
    #[command(after_help = exit::CODES)]
    Reprocess(Box<reprocess::Args>),
    /// List, pause, resume or cancel jobs on many entries
    #[command(subcommand, after_help = exit::CODES)]
    Bulk(bulk::Args),
    /// Fetch the files that a person delivers to a partner, and show what to enter there
    #[command(after_help = exit::CODES)]
    Bag(bag::Args),
    /// Confirm a publication that, by the partner's rules, a person must confirm
    #[command(after_help = exit::CODES)]
    Confirm(confirm::Args),
    /// Record that a person delivered an entry to a partner, with an address or a picture
    #[command(after_help = exit::CODES)]
    Delivered(delivered::Args),
    /// Add, show and end persons, and change their roles
    #[command(subcommand, after_help = exit::CODES)]
    Person(person::Args),
    /// Make, show and revoke tokens of persons, for the organisers' API
    #[command(subcommand, after_help = exit::CODES)]
    Token(token::Args),
    /// Write another title, description or tags for one partner
    Texts(texts::Args),
    /// Withdraw an entry at its entrant's request
    #[command(after_help = exit::CODES)]
    Withdraw(withdraw::Args),
    /// Recall works from all partners or some, on the organiser's decision
    #[command(after_help = exit::CODES)]
    Recall(recall::Args),
    /// Prove that an operator removed an entry at a partner by hand
    #[command(after_help = exit::CODES)]
    Recalled(recalled::Args),
    /// Protect an entry's mezzanine from deletion, or end that protection
    #[command(after_help = exit::CODES)]
    Hold(hold::Args),
    /// Open a window in which an entrant may replace the film and correct the form
    #[command(after_help = exit::CODES)]
    Cure(cure::Args),
    /// Show what people did, or verify that the record was not changed
    #[command(subcommand, after_help = exit::CODES)]
    Audit(audit::Args),

    /// Send changes to other systems: addresses, secrets and messages
    #[command(subcommand, after_help = exit::CODES)]
    Webhook(webhook::Args),
    /// Look after our accounts with partners
    #[command(subcommand, after_help = exit::CODES)]
    Partner(partner::Args),

    /// Do the whole media job for one file without any server
    #[command(after_help = exit::CODES)]
    Render(render::Args),
    /// Measure a file and judge it by a contest's rules
    #[command(after_help = exit::CODES)]
    Probe(probe::Args),
    /// Show what would be produced from a file, and why
    #[command(after_help = exit::CODES)]
    Plan(plan::Args),
    /// Check this machine and its servers, and show how to repair what is wrong
    #[command(after_help = exit::CODES)]
    Doctor(doctor::Args),
    /// Compare the database with the object store: what is missing, damaged or unknown; repair what can be repaired
    #[command(after_help = exit::CODES)]
    Fsck(fsck::Args),
    /// Delete what the catalogue's retention policy no longer keeps, or report what would be deleted
    #[command(after_help = exit::CODES)]
    Retention(retention::Args),
    /// List every object of the bucket, one JSON line each, for the record of a backup
    #[command(after_help = exit::CODES)]
    Inventory(inventory::Args),
    /// Print a completion script for a shell
    Completions(completions::Args),
    /// Print every command, option and variable as Markdown: deploy/REFERENCE.md
    #[command(hide = true)]
    Reference,
    /// Print the OpenAPI document of one of the two APIs
    #[command(hide = true)]
    Openapi {
        /// Which API
        api: openapi::Api,
    },
}

impl Cli {
    /// Runs the command.
    pub(crate) fn run(self) -> anyhow::Result<Exit> {
        match self.command {
            Command::Serve(args) => serve::run(*args),
            Command::Migrate(args) => block_on(migrate::run(args)),
            Command::Ready(args) => ready::run(&args),
            Command::S3(args) => s3::run(args),
            // `main` handles it earlier; only `reelmill --flag child` arrives here, which is not a valid start.
            Command::Child => Ok(Exit::Usage),
            Command::Submit(args) => resumable(submit::run(*args)),
            Command::Status(args) => block_on(status::run(args)),
            Command::Trace(args) => block_on(trace::run(args)),
            Command::Trouble(args) => block_on(trouble::run(args)),
            Command::Preview(args) => block_on(preview::run(args)),
            Command::Review(args) => block_on(review::run(args)),
            Command::Release(args) => block_on(release::run(args)),
            Command::Retry(args) => block_on(retry::run(args)),
            Command::Reprocess(args) => block_on(reprocess::run(*args)),
            Command::Bulk(args) => block_on(bulk::run(args)),
            Command::Bag(args) => block_on(bag::run(args)),
            Command::Confirm(args) => block_on(confirm::run(args)),
            Command::Delivered(args) => block_on(delivered::run(args)),
            Command::Texts(args) => block_on(texts::run(args)),
            Command::Withdraw(args) => block_on(withdraw::run(args)),
            Command::Person(args) => block_on(person::run(args)),
            Command::Token(args) => block_on(token::run(args)),
            Command::Recall(args) => block_on(recall::run(args)),
            Command::Recalled(args) => block_on(recalled::run(args)),
            Command::Hold(args) => block_on(hold::run(args)),
            Command::Cure(args) => block_on(cure::run(args)),
            Command::Audit(args) => block_on(audit::run(args)),

            Command::Webhook(args) => block_on(webhook::run(args)),
            Command::Partner(args) => block_on(partner::run(args)),

            Command::Render(args) => block_on(render::run(args)),
            Command::Probe(args) => block_on(probe::run(args)),
            Command::Plan(args) => block_on(plan::run(args)),
            Command::Doctor(args) => block_on(doctor::run(args)),
            Command::Fsck(args) => block_on(fsck::run(args)),
            Command::Retention(args) => block_on(retention::run(args)),
            Command::Inventory(args) => block_on(inventory::run(args)),
            Command::Completions(args) => completions::run(&args, Cli::command()),
            Command::Reference => reference::run(Cli::command()),
            Command::Openapi { api } => openapi::run(api),
        }
    }
}

/// Runs one command to its end.
fn block_on(work: impl Future<Output = anyhow::Result<Exit>>) -> anyhow::Result<Exit> {
    run_to_end(work, "reelmill: interrupted")
}

/// Runs a command that continues where it was interrupted when it is typed again.
fn resumable(work: impl Future<Output = anyhow::Result<Exit>>) -> anyhow::Result<Exit> {
    run_to_end(work, "reelmill: interrupted; the same command resumes")
}

/// Ctrl-C ends it by dropping the runtime, so scratch files and children are removed with it.
fn run_to_end(work: impl Future<Output = anyhow::Result<Exit>>, interrupted: &str) -> anyhow::Result<Exit> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let result = runtime.block_on(async {
        tokio::select! {
            result = work => result,
            () = stop_signal() => {
                eprintln!("{interrupted}");
                Ok(Exit::Interrupted)
            }
        }
    });
    runtime.shutdown_timeout(std::time::Duration::from_secs(2));
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_command_explains_itself_in_help() {
        for command in Cli::command().get_subcommands() {
            assert!(command.get_about().is_some(), "{} has no help", command.get_name());
            for argument in command.get_arguments() {
                assert!(argument.get_help().is_some(), "{} {} has no help", command.get_name(), argument.get_id());
            }
        }
    }
}
