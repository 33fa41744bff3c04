//! Settings of the broker.
use clap::Args;

/// The broker: where it is, and the names on it.
#[derive(Args, Clone)]
pub struct BrokerConfig {
    /// RabbitMQ, `amqps://user:password@host:port/vhost`; `amqp://` under the same condition as PostgreSQL without TLS.
    #[arg(long, env = "AMQP_URL", hide_env_values = true)]
    pub amqp_url: String,

    /// Prefix of every queue and exchange name, so that several installations can share a vhost.
    #[arg(long, env = "AMQP_PREFIX", default_value = "")]
    pub amqp_prefix: String,
}
