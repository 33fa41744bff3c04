//! The services' settings for commands that need only some of them: read from the environment as `serve` does, with
//! stand-ins for the unused ones.
use clap::Parser;
use runtime::config::Config;

/// For commands that use no server.
pub(crate) const NO_SERVERS: [(&str, &str); 2] =
    [("--database-url", "postgres://unused"), ("--amqp-url", "amqp://unused")];

#[derive(Parser)]
#[command(no_binary_name = true)]
struct Settings {
    #[command(flatten)]
    config: Config,
}

/// Reads the environment. `given` takes precedence: option names with their values, such as `--database-url`.
pub(crate) fn read(given: &[(&str, &str)]) -> Result<Config, clap::Error> {
    let arguments = given.iter().flat_map(|(name, value)| [*name, *value]);
    Settings::try_parse_from(arguments).map(|settings| settings.config)
}
