//! The broker's address, and whether a connection to it is allowed.
use lapin::uri::{AMQPScheme, AMQPUri};

use crate::config::BrokerConfig;
use crate::transport::{self, Line, Trusted};

/// Why a connection to the broker with these settings is allowed, where `allowed` may be reached without TLS.
///
/// # Errors
/// An unreadable address, or [`transport::PlaintextRefused`].
pub fn line(config: &BrokerConfig, allowed: &[Trusted]) -> anyhow::Result<Line> {
    address(config, allowed).map(|(_, line)| line)
}

/// The broker's address, if a connection to it is allowed.
pub(super) fn address(config: &BrokerConfig, allowed: &[Trusted]) -> anyhow::Result<(AMQPUri, Line)> {
    let uri: AMQPUri = config.amqp_url.parse().map_err(|error| anyhow::anyhow!("read AMQP_URL: {error}"))?;
    let tls = match uri.scheme {
        AMQPScheme::AMQP => false,
        AMQPScheme::AMQPS => true,
    };
    let line = transport::to_broker(&uri.authority.host, tls, allowed)?;
    Ok((uri, line))
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Settings {
        #[command(flatten)]
        config: BrokerConfig,
    }

    #[test]
    fn the_line_is_that_of_the_host_and_the_scheme_that_are_connected_to() {
        let line = |amqp_url: &str| {
            let settings = Settings::parse_from(["test", "--amqp-url", amqp_url]);
            line(&settings.config, &[])
                .map_err(|error| error.downcast_ref::<transport::PlaintextRefused>().map(|it| it.host.clone()))
        };
        assert_eq!(line("amqp://u:p@localhost/%2f"), Ok(Line::Local));
        assert_eq!(line("amqp://u:p@127.0.0.1:5673/%2f"), Ok(Line::Local));
        assert_eq!(line("amqps://u:p@mq.example/%2f"), Ok(Line::Verified));
        assert_eq!(line("amqp://localhost:p@mq.example/%2f"), Err(Some("mq.example".into())));
        assert_eq!(line("amqp://mq.example#@localhost/%2f"), Err(Some("mq.example".into())));
        assert_eq!(line("http://localhost"), Err(None));
    }
}
