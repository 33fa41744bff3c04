//! A connection that is not allowed, in both languages.

/// The kind of server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Server {
    /// The database.
    Postgres,
    /// The broker.
    RabbitMq,
    /// The object store.
    S3,
    /// The mail server.
    Smtp,
}

/// A connection that is not allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlaintextRefused {
    /// Which server.
    pub server: Server,
    /// Its host, as the address names it.
    pub host: String,
}

impl PlaintextRefused {
    /// The stable code.
    pub const CODE: &str = "plaintext_refused";

    /// What is wrong and what to do, in English.
    pub fn en(&self) -> String {
        let (name, instead) = match self.server {
            Server::Postgres => ("PostgreSQL", "add ?sslmode=verify-full (at least require) to its address"),
            Server::RabbitMq => ("RabbitMQ", "use amqps:// in its address"),
            Server::S3 => ("S3", "use https:// in S3_ENDPOINT"),
            Server::Smtp => ("the mail server", "use smtps:// in SMTP_URL, or add ?tls=required"),
        };
        format!("{name} at {} would be reached without TLS: {instead}, or name the host in ALLOW_PLAINTEXT", self.host)
    }

    /// The same in Chinese.
    pub fn zh(&self) -> String {
        let (name, instead) = match self.server {
            Server::Postgres => ("PostgreSQL", "请在地址中加上 ?sslmode=verify-full（至少 require）"),
            Server::RabbitMq => ("RabbitMQ", "请在地址中使用 amqps://"),
            Server::S3 => ("S3", "请在 S3_ENDPOINT 中使用 https://"),
            Server::Smtp => ("邮件服务器", "请在 SMTP_URL 中使用 smtps://，或加上 ?tls=required"),
        };
        format!("与 {name}（{}）的连接未加密：{instead}，或将该主机列入 ALLOW_PLAINTEXT", self.host)
    }
}

impl std::fmt::Display for PlaintextRefused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {} / {}", Self::CODE, self.zh(), self.en())
    }
}

impl std::error::Error for PlaintextRefused {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_has_its_code_and_says_in_both_languages_what_to_do() {
        let said = PlaintextRefused { server: Server::RabbitMq, host: "mq.example".into() }.to_string();
        assert!(said.starts_with("plaintext_refused: "), "{said}");
        assert!(said.contains("amqps://") && said.matches("ALLOW_PLAINTEXT").count() == 2, "{said}");
        assert!(said.contains("连接未加密") && said.matches("mq.example").count() == 2, "{said}");
    }
}
