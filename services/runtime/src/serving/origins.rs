//! Sites whose scripts may use an API in a browser: all, or a list.
use std::str::FromStr;

use axum::http::{HeaderValue, Uri};

/// Which origins may read answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origins {
    /// Every site.
    Any,
    /// Only these; none if empty.
    These(Vec<HeaderValue>),
}

impl Origins {
    /// The value of `Access-Control-Allow-Origin` for a request of this origin; `None` if it may not read the answer.
    pub fn answer(&self, origin: &HeaderValue) -> Option<HeaderValue> {
        match self {
            Origins::Any => Some(HeaderValue::from_static("*")),
            Origins::These(these) => these.iter().find(|it| *it == origin).cloned(),
        }
    }
}

/// Not a list of origins.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum BadOrigins {
    /// Not in the form in which browsers send an origin.
    #[error(
        "{0:?} is no origin; write it as browsers send it, such as https://contest.example.org or http://localhost:3000"
    )]
    NotOne(String),
    /// A star together with others.
    #[error("* stands for every origin and alone")]
    StarAmongOthers,
}

/// `*`, `none`, or origins separated by commas.
impl FromStr for Origins {
    type Err = BadOrigins;

    fn from_str(text: &str) -> Result<Self, BadOrigins> {
        match text.trim() {
            "*" => return Ok(Origins::Any),
            "" | "none" => return Ok(Origins::These(Vec::new())),
            _ => {}
        }
        text.split(',').map(|it| origin(it.trim())).collect::<Result<_, _>>().map(Origins::These)
    }
}

fn origin(text: &str) -> Result<HeaderValue, BadOrigins> {
    if text == "*" {
        return Err(BadOrigins::StarAmongOthers);
    }
    let wrong = || BadOrigins::NotOne(text.to_owned());
    let uri: Uri = text.parse().map_err(|_| wrong())?;
    // Browsers send scheme and host in lower case, a port only if it is not the scheme's default, and no path.
    let host = uri.authority().map(ToString::to_string).filter(|host| !host.contains('@')).ok_or_else(wrong)?;
    let scheme = uri.scheme_str().filter(|scheme| matches!(*scheme, "http" | "https")).ok_or_else(wrong)?;
    let default = if scheme == "http" { ":80" } else { ":443" };
    let as_sent = format!("{scheme}://{host}");
    if as_sent != text || host != host.to_ascii_lowercase() || host.ends_with(default) {
        return Err(wrong());
    }
    HeaderValue::from_str(text).map_err(|_| wrong())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Result<Origins, BadOrigins> {
        text.parse()
    }

    #[test]
    fn all_none_or_these_may_read() {
        let one = HeaderValue::from_static("https://a.example");
        assert_eq!(parsed("*").unwrap().answer(&one).unwrap(), "*");
        let these = parsed("https://a.example, http://localhost:3000").unwrap();
        assert_eq!(these.answer(&one).unwrap(), "https://a.example");
        for other in
            ["https://a.example.org", "http://a.example", "https://a.example:8443", "null", "https://A.example"]
        {
            assert_eq!(these.answer(&HeaderValue::from_static(other)), None, "{other}");
        }
        for none in ["", "none"] {
            assert_eq!(parsed(none).unwrap().answer(&one), None);
        }
    }

    #[test]
    fn what_no_browser_would_send_is_refused_with_what_is_meant() {
        for wrong in [
            "a.example",
            "https://a.example/",
            "https://a.example/x",
            "https://A.example",
            "ftp://a.example",
            "https://a.example:443",
            "http://a.example:80",
            "https://u@a.example",
            "https://a.example,",
            "null",
        ] {
            assert!(matches!(parsed(wrong), Err(BadOrigins::NotOne(_))), "{wrong}");
        }
        assert_eq!(parsed("https://a.example,*"), Err(BadOrigins::StarAmongOthers));
    }
}
