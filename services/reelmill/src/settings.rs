//! The services' settings for commands that need only some of them: read from the environment like `serve` does, with
//! stand-ins for what such a command never touches.
use clap::Parser;
use runtime::config::Config;

/// For commands that touch no server at all.
pub(crate) const NO_SERVERS: [(&str, &str); 2] =
    [("--database-url", "postgres://unused"), ("--amqp-url", "amqp://unused")];

#[derive(Parser)]
#[command(no_binary_name = true)]
struct Settings {
    #[command(flatten)]
    config: Config,
}

/// Reads the environment. `given` goes before it: option names with their values, such as `--database-url`.
pub(crate) fn read(given: &[(&str, &str)]) -> Result<Config, clap::Error> {
    let arguments = given.iter().flat_map(|(name, value)| [*name, *value]);
    Settings::try_parse_from(arguments).map(|settings| settings.config)
}
