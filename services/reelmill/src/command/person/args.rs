//! The arguments of `reelmill person`.
use desk::view::persons::HeldRole;
use uuid::Uuid;

use crate::database::DatabaseArgs;
use crate::output::OutputArgs;
use crate::paging::PagingArgs;
use crate::typed;

/// What to do with persons.
#[derive(clap::Subcommand)]
pub(crate) enum Args {
    /// Add a person and print their id
    Add {
        /// Their name; the audit trail shows it
        #[arg(value_name = "NAME", value_parser = typed::name)]
        name: String,
        /// Their login name, for signing in and on the machines where these commands are typed
        #[arg(long, value_name = "LOGIN")]
        login: String,
        /// A role that they hold in all contests or in one: screener, organiser, operator, auditor or admin; recommender is for a unit of a contest
        #[arg(long = "role", value_name = "ROLE[@CONTEST[/UNIT]]", required = true, num_args = 1..)]
        roles: Vec<HeldRole>,
        /// Why, for the audit trail
        #[arg(long, value_name = "WHY", value_parser = typed::reason)]
        reason: Option<String>,
        #[command(flatten)]
        act: ActArgs,
    },
    /// Show persons, newest first, including those who were ended
    List {
        #[command(flatten)]
        paging: PagingArgs,
        #[command(flatten)]
        output: OutputArgs,
        #[command(flatten)]
        database: DatabaseArgs,
    },
    /// Give roles to a person or remove them; tokens of a removed role are revoked
    Role {
        /// The person, by login name or id
        #[arg(value_name = "PERSON")]
        person: String,
        /// A role to give
        #[arg(long, value_name = "ROLE[@CONTEST[/UNIT]]", num_args = 1.., required_unless_present = "remove")]
        add: Vec<HeldRole>,
        /// A role to take, as `list` shows it
        #[arg(long, value_name = "ROLE[@CONTEST[/UNIT]]", num_args = 1..)]
        remove: Vec<HeldRole>,
        /// Why, for the audit trail
        #[arg(long, value_name = "WHY", value_parser = typed::reason)]
        reason: Option<String>,
        #[command(flatten)]
        act: ActArgs,
    },
    /// Print a link by which a person sets password and second factor for the console, or a recommender for the pages of units; it works once, within 72 hours
    Invite(LinkArgs),
    /// The same for a person who has set them before, such as after a phone was lost; what they have stays valid until the link is used
    Reset(LinkArgs),
    /// Show where a person is signed in to the console, or end their sessions
    Sessions {
        /// The person, by login name or id
        #[arg(value_name = "PERSON")]
        person: String,
        /// End this session, or all of them
        #[arg(long, value_name = "SESSION|all")]
        end: Option<Which>,
        /// Why, for the audit trail
        #[arg(long, value_name = "WHY", value_parser = typed::reason, requires = "end")]
        reason: Option<String>,
        #[command(flatten)]
        output: OutputArgs,
        #[command(flatten)]
        database: DatabaseArgs,
    },
    /// End a person: none of their tokens and sessions is valid from now on, and their login name is free
    End {
        /// The person, by login name or id
        #[arg(value_name = "PERSON")]
        person: String,
        /// Why, for the audit trail
        #[arg(long, value_name = "WHY", value_parser = typed::reason)]
        reason: String,
        #[command(flatten)]
        act: ActArgs,
    },
}

/// Options of `invite` and `reset`.
#[derive(clap::Args)]
pub(crate) struct LinkArgs {
    /// The person, by login name or id
    #[arg(value_name = "PERSON")]
    pub(super) person: String,
    /// Why, for the audit trail
    #[arg(long, value_name = "WHY", value_parser = typed::reason)]
    pub(super) reason: Option<String>,
    #[command(flatten)]
    pub(super) act: ActArgs,
}

/// Which sessions to end.
#[derive(Clone, Copy)]
pub(crate) enum Which {
    All,
    One(Uuid),
}

impl std::str::FromStr for Which {
    type Err = uuid::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "all" { Ok(Self::All) } else { Ok(Self::One(text.parse()?)) }
    }
}

/// What the acts share.
#[derive(clap::Args)]
pub(crate) struct ActArgs {
    /// Only report what would follow
    #[arg(long)]
    pub(super) dry_run: bool,
    #[command(flatten)]
    pub(super) output: OutputArgs,
    #[command(flatten)]
    pub(super) database: DatabaseArgs,
}
