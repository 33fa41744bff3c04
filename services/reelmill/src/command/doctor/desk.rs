//! The address of the desk: whether staff can use it without showing their tokens to others.
use runtime::config::DeskConfig;
use runtime::desk_url::{DeskUrlRefused, desk_url, same_host};

use super::finding::{Finding, Mend, is_loopback};
#[cfg(test)]
use ::desk::view::checks::Health;

/// The finding about `DESK_URL`, by the rule that services apply at their start.
pub(super) fn address(config: &DeskConfig, public_url: Option<&str>, publish_url: Option<&str>) -> Finding {
    const NAME: &str = "desk address";
    const HTTPS: Mend = Mend {
        zh: "在工作台前部署带 TLS 的代理，并将 DESK_URL 设为其地址，例如 https://desk.example.org",
        en: "put a proxy with TLS before the desk, and set DESK_URL to its address, such as https://desk.example.org",
    };
    const OWN_HOST: Mend = Mend {
        zh: "为工作台使用单独的主机名，并相应设置 DESK_URL：同一主机名的各端口共用 Cookie",
        en: "give the desk a host name of its own, and set DESK_URL to it: all ports of a host share its cookies",
    };
    let url = match desk_url(config) {
        Ok(url) => url,
        Err(refused) => return Finding::bad(NAME, format!("{}: {}", DeskUrlRefused::CODE, refused.en()), HTTPS),
    };
    let listen = config.desk_listen;
    let Some(url) = url else {
        return match listen.ip().is_loopback() {
            true => Finding::good(NAME, format!("only this machine reaches it, at {listen}")),
            false => Finding::poor(NAME, format!("it listens on {listen}, and DESK_URL is not set"), HTTPS),
        };
    };
    let shared = [("PUBLIC_URL", public_url), ("PUBLISH_URL", publish_url)];
    let shared = shared.into_iter().find(|(_, other)| other.is_some_and(|other| same_host(&url, other)));
    match shared {
        // On a single machine for a trial there are no other names.
        Some((name, _)) if !is_loopback(&url) => {
            Finding::poor(NAME, format!("{url} has the same host name as {name}"), OWN_HOST)
        }
        _ => Finding::good(NAME, url),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(desk_url: Option<&str>, desk_listen: &str, public_url: &str) -> Finding {
        let desk_listen = desk_listen.parse().expect("an address");
        address(&DeskConfig { desk_listen, desk_url: desk_url.map(str::to_owned) }, Some(public_url), None)
    }

    #[test]
    fn an_address_that_exposes_tokens_is_bad_and_one_that_shares_cookies_is_poor() {
        const HERE: &str = "127.0.0.1:8082";
        let public = "https://entries.example.org";
        for (url, listen, health) in [
            (None, HERE, Health::Good),
            (None, "[::1]:8082", Health::Good),
            (None, "0.0.0.0:8082", Health::Poor),
            (Some(""), "0.0.0.0:8082", Health::Poor),
            (Some("https://desk.example.org"), "0.0.0.0:8082", Health::Good),
            (Some("https://entries.example.org:8443"), HERE, Health::Poor),
            (Some("http://desk.example.org"), HERE, Health::Bad),
            (Some("https://desk.example.org/desk"), HERE, Health::Bad),
        ] {
            let found = found(url, listen, public);
            assert_eq!(found.health, health, "{url:?} {listen}: {}", found.found);
            assert_eq!(
                (found.mend.is_empty(), found.mend_zh.is_empty()),
                (health == Health::Good, health == Health::Good)
            );
        }
        let trial = found(Some("http://127.0.0.1:8082"), HERE, "http://127.0.0.1:8080");
        assert_eq!(trial.health, Health::Good, "{}", trial.found);
        let refused = found(Some("http://desk.example.org"), HERE, public);
        assert!(refused.found.starts_with("desk_url_refused: "), "{}", refused.found);
    }
}
