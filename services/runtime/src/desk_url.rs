//! `DESK_URL`, the address under which staff reach the desk. Their tokens and entrants' personal data travel over it,
//! so it must be https unless the desk is used only on this machine. One function checks it for services, commands and
//! `reelmill doctor`.
use axum::http::Uri;

use crate::config::DeskConfig;
use crate::transport::is_this_machine;

/// Why the value of `DESK_URL` is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeskUrlRefused {
    /// It is not just a scheme and a host name. It is not repeated here, because it may contain a password.
    NotOnlyHost,
    /// It is plain http to another machine, this host.
    PlainHttp(String),
}

impl DeskUrlRefused {
    /// The stable code.
    pub const CODE: &str = "desk_url_refused";

    /// What is wrong and what to do, in English.
    pub fn en(&self) -> String {
        match self {
            Self::NotOnlyHost => {
                "DESK_URL must be a scheme and a host name only, such as https://desk.example.org".to_owned()
            }
            Self::PlainHttp(host) => format!(
                "DESK_URL would send staff's tokens to {host} without TLS: use https; http is accepted for loopback addresses only"
            ),
        }
    }

    /// The same in Chinese.
    pub fn zh(&self) -> String {
        match self {
            Self::NotOnlyHost => "DESK_URL 只能包含协议和主机名，例如 https://desk.example.org".to_owned(),
            Self::PlainHttp(host) => {
                format!("DESK_URL（{host}）未加密，会泄露工作人员的令牌：请使用 https；仅本机回环地址可用 http")
            }
        }
    }
}

impl std::fmt::Display for DeskUrlRefused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {} / {}", Self::CODE, self.zh(), self.en())
    }
}

impl std::error::Error for DeskUrlRefused {}

/// `DESK_URL` without a trailing slash; `None` if it is not set.
///
/// # Errors
/// [`DeskUrlRefused`].
pub fn desk_url(config: &DeskConfig) -> Result<Option<String>, DeskUrlRefused> {
    match config.desk_url.as_deref() {
        None | Some("") => Ok(None),
        Some(text) => checked(text.trim_end_matches('/')).map(Some),
    }
}

/// Whether two addresses have the same host name. Browsers send the cookies of one port to all ports of its host.
pub fn same_host(one: &str, other: &str) -> bool {
    let host = |text: &str| Some(text.parse::<Uri>().ok()?.host()?.to_ascii_lowercase());
    host(one).is_some_and(|one| host(other) == Some(one))
}

fn checked(text: &str) -> Result<String, DeskUrlRefused> {
    let uri: Uri = text.parse().map_err(|_| DeskUrlRefused::NotOnlyHost)?;
    let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
        return Err(DeskUrlRefused::NotOnlyHost);
    };
    let only_host = format!("{scheme}://{authority}") == text && !authority.as_str().contains('@');
    let only_host = only_host && !authority.host().is_empty();
    match scheme {
        _ if !only_host => Err(DeskUrlRefused::NotOnlyHost),
        "https" => Ok(text.to_owned()),
        "http" if is_this_machine(authority.host()) => Ok(text.to_owned()),
        "http" => Err(DeskUrlRefused::PlainHttp(authority.host().to_owned())),
        _ => Err(DeskUrlRefused::NotOnlyHost),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn https_is_accepted_anywhere_and_http_on_this_machine() {
        for url in [
            "https://desk.example.org",
            "https://desk.example.org:8443",
            "http://127.0.0.1:8082",
            "http://localhost:8082",
            "http://[::1]:8082",
        ] {
            assert_eq!(checked(url), Ok(url.to_owned()), "{url}");
        }
    }

    #[test]
    fn http_to_another_machine_is_refused_whatever_its_name_begins_with() {
        for (url, host) in [
            ("http://desk.example.org", "desk.example.org"),
            ("http://desk.example.org:8082", "desk.example.org"),
            ("http://localhost.example.org", "localhost.example.org"),
            ("http://127.0.0.1.example.org", "127.0.0.1.example.org"),
            ("http://10.0.0.5", "10.0.0.5"),
        ] {
            assert_eq!(checked(url), Err(DeskUrlRefused::PlainHttp(host.to_owned())), "{url}");
        }
    }

    #[test]
    fn what_is_more_than_scheme_and_host_is_refused_and_not_repeated() {
        for url in [
            "desk.example.org",
            "desk.example.org:8082",
            "/desk",
            "https://",
            "https://:8443",
            "https://desk.example.org/desk",
            "https://desk.example.org?a=b",
            "https://desk.example.org#a",
            "https://u:canary@desk.example.org",
            "http://u:canary@127.0.0.1",
            "ftp://desk.example.org",
            "https://desk.example.org/ x",
        ] {
            let refused = checked(url).unwrap_err();
            assert_eq!(refused, DeskUrlRefused::NotOnlyHost, "{url}");
            assert!(!refused.to_string().contains("canary"));
        }
    }

    #[test]
    fn a_refusal_has_its_code_and_names_the_variable_in_both_languages() {
        let said = DeskUrlRefused::PlainHttp("desk.example.org".into()).to_string();
        assert!(said.starts_with("desk_url_refused: ") && said.matches("DESK_URL").count() == 2, "{said}");
        assert_eq!(said.matches("desk.example.org").count(), 2, "{said}");
    }

    #[test]
    fn hosts_are_compared_without_their_ports_and_paths() {
        assert!(same_host("https://a.example", "http://A.example:8080/x"));
        assert!(!same_host("https://a.example", "https://desk.a.example"));
        assert!(!same_host("https://a.example", "nonsense"));
    }
}
