//! How the database, the broker and the object store are reached: with or without TLS.
use runtime::broker;
use runtime::config::{BrokerConfig, DatabaseConfig, S3Config};
use runtime::transport::{self, Line, PlaintextRefused, Server, Trusted};

use super::finding::{Finding, Mend, UNSET};
#[cfg(test)]
use ::desk::view::checks::Health;

const HTTPS: Mend = Mend {
    zh: "在 S3_ENDPOINT 中使用 https://；网络可信时将主机列入 ALLOW_PLAINTEXT",
    en: "use https:// in S3_ENDPOINT; where the network is trusted, name the host in ALLOW_PLAINTEXT",
};

const SMTPS: Mend = Mend {
    zh: "在 SMTP_URL 中使用 smtps:// 或加上 ?tls=required；网络可信时将主机列入 ALLOW_PLAINTEXT",
    en: "use smtps:// in SMTP_URL, or add ?tls=required; where the network is trusted, name the host in ALLOW_PLAINTEXT",
};

/// A server that cannot be used: the remedy depends on whether its address was refused for lack of TLS.
pub(super) fn unreachable(check: &'static str, error: &anyhow::Error, otherwise: Mend) -> Finding {
    const POSTGRES: Mend = Mend {
        zh: "在 DATABASE_URL 中加上 ?sslmode=verify-full（至少 require）；网络可信时将主机列入 ALLOW_PLAINTEXT",
        en: "add ?sslmode=verify-full (at least require) to DATABASE_URL; where the network is trusted, name the host in ALLOW_PLAINTEXT",
    };
    const RABBITMQ: Mend = Mend {
        zh: "在 AMQP_URL 中使用 amqps://；网络可信时将主机列入 ALLOW_PLAINTEXT",
        en: "use amqps:// in AMQP_URL; where the network is trusted, name the host in ALLOW_PLAINTEXT",
    };
    let Some(refused) = error.downcast_ref::<PlaintextRefused>() else {
        return Finding::bad(check, format!("{error:#}"), otherwise);
    };
    let mend = match refused.server {
        Server::Postgres => POSTGRES,
        Server::RabbitMq => RABBITMQ,
        Server::S3 => HTTPS,
        Server::Smtp => SMTPS,
    };
    Finding::bad(check, format!("{}: no TLS to {}", PlaintextRefused::CODE, refused.host), mend)
}

/// Which connections are encrypted. A refused address is a finding of its server.
pub(super) fn lines(
    database: &DatabaseConfig,
    broker: &BrokerConfig,
    s3: &S3Config,
    allowed: &[Trusted],
) -> Vec<Finding> {
    const NAME: &str = "TLS";
    const VERIFY: Mend = Mend {
        zh: "在 DATABASE_URL 中使用 sslmode=verify-full；私有证书机构的根证书用 sslrootcert=文件 指定",
        en: "use sslmode=verify-full in DATABASE_URL; sslrootcert=FILE names the root of an authority of your own",
    };
    let postgres = (database.database_url != UNSET).then(|| transport::database_line(&database.database_url, allowed));
    let rabbitmq = (broker.amqp_url != UNSET).then(|| broker::line(broker, allowed));
    let s3 = s3.endpoint.as_deref().map(|endpoint| transport::objects_line(Some(endpoint), allowed));
    let readable = s3.as_ref().and_then(|line| line.as_ref().err()?.downcast_ref::<PlaintextRefused>());
    // The start does not refuse it, so it is no finding of the object store.
    let readable = readable.map(|it| Finding::poor("TLS to S3", format!("{} is reached without", it.host), HTTPS));
    let usable = [("PostgreSQL", postgres), ("RabbitMQ", rabbitmq), ("S3", s3)];
    let usable: Vec<(&str, Line)> = usable.into_iter().filter_map(|(name, line)| Some((name, line?.ok()?))).collect();
    if usable.is_empty() {
        return readable.into_iter().collect();
    }
    let said = usable.iter().map(|(name, line)| {
        let how = match line {
            Line::Local => "on this machine",
            Line::Allowed => "without TLS, as ALLOW_PLAINTEXT says",
            Line::Encrypted => "encrypted, but the server does not prove its name",
            Line::Verified => "encrypted, and the server proves its name",
        };
        format!("{name} {how}")
    });
    let said = said.collect::<Vec<_>>().join("; ");
    let poor = usable.iter().any(|(_, line)| *line == Line::Encrypted);
    let lines = if poor { Finding::poor(NAME, said, VERIFY) } else { Finding::good(NAME, said) };
    std::iter::once(lines).chain(readable).collect()
}

#[cfg(test)]
mod tests;
