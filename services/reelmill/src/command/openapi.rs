//! `reelmill openapi`: the description of one of the two APIs, as its service answers it, for checks and for programs that are generated.
use crate::exit::Exit;

/// Whose description.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub(crate) enum Api {
    /// Of entrants.
    Public,
    /// Of staff.
    Desk,
}

/// Prints it.
pub(crate) fn run(api: Api) -> anyhow::Result<Exit> {
    let document = match api {
        Api::Public => upload::document(),
        Api::Desk => desk::document(),
    };
    crate::output::print_json(&document)?;
    Ok(Exit::Done)
}
