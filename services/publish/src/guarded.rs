//! Calls to addresses that people or partners gave us. Such an address may point anywhere, also at our own servers. So
//! only https is allowed, or http to a network enabled by configuration; a name is resolved once, every address it has
//! is checked, and only these are connected to; no redirect is followed, no proxy from the environment is used, no
//! cookie is kept; every call has a deadline, and a bounded part of the answer is read.
//!
//! Addresses in the configuration itself (our database, a partner's API) are not called through this.
use std::fmt;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, Method, redirect};
use runtime::callable::{self, Forbidden, Rule};
use runtime::network::Network;

use resolve::{Checked, Lookup};

mod resolve;
#[cfg(test)]
mod tests;

/// The client. Clones share one setup; no connection outlives its call.
#[derive(Clone)]
pub(crate) struct Guarded {
    anywhere: (Client, Rule),
    inside: (Client, Rule),
}

/// One call.
pub(crate) struct Call<'a> {
    /// GET, HEAD or POST.
    pub method: Method,
    /// The address as given to us.
    pub url: &'a str,
    /// Headers besides those that HTTP needs.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// The body, sent unchanged.
    pub body: Vec<u8>,
    /// Time limit of the whole call: resolving, connecting, sending and reading.
    pub deadline: Duration,
    /// Bytes of the answer's body that are read.
    pub answer_bytes: usize,
    /// Whether http is allowed to the whole Internet. Only for reading what is public anyway.
    pub plain_http: bool,
}

/// The answer.
#[derive(Debug)]
pub(crate) struct Answer {
    /// HTTP status. Redirects are ordinary answers.
    pub status: u16,
    /// Headers.
    pub headers: HeaderMap,
    /// The beginning of the body, at most as much as requested.
    pub body: Vec<u8>,
    /// Whether there was more of it.
    pub clipped: bool,
    /// From the call's beginning to the last byte read.
    pub elapsed: Duration,
}

/// Why there is no answer. Never contains the address, which may contain a token.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoAnswer {
    /// Refused by our own rules: nothing was sent, and another try fails too until the address changes.
    #[error("{0}")]
    Forbidden(String),
    /// No connection: nothing was sent.
    #[error("not connected: {0}")]
    NotSent(String),
    /// Sent completely or in part; it may have arrived.
    #[error("no answer: {0}")]
    Lost(String),
}

impl Guarded {
    /// A client that may also call the networks in `allowed` (`Config::allow_private_networks`).
    pub(crate) fn new(allowed: &[Network]) -> Result<Self> {
        Self::with_lookup(allowed, resolve::system())
    }

    fn with_lookup(allowed: &[Network], lookup: Lookup) -> Result<Self> {
        // Fails only if a provider is installed already, which is fine.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let one = |inside_only: bool| -> Result<(Client, Rule)> {
            let rule = Rule { allowed: allowed.into(), inside_only };
            let client = Client::builder()
                .dns_resolver(Checked { lookup: lookup.clone(), rule: rule.clone() })
                .redirect(redirect::Policy::none())
                .no_proxy()
                .referer(false)
                // A kept connection would go to an address that was checked for another call.
                .pool_max_idle_per_host(0)
                .user_agent(concat!("reelmill/", env!("CARGO_PKG_VERSION")))
                .build()
                .context("make the client for outgoing calls")?;
            Ok((client, rule))
        };
        Ok(Self { anywhere: one(false)?, inside: one(true)? })
    }

    /// Makes one call, without retries.
    ///
    /// # Errors
    /// [`NoAnswer`], by what is known about whether the call arrived.
    pub(crate) async fn call(&self, call: Call<'_>) -> Result<Answer, NoAnswer> {
        let begun = Instant::now();
        let url = callable::form(call.url).map_err(NoAnswer::Forbidden)?;
        let plain_everywhere = call.plain_http || url.scheme() == "https";
        let (client, rule) = if plain_everywhere { &self.anywhere } else { &self.inside };
        // Numeric addresses are not passed to the resolver.
        if let Some(address) = callable::number(&url) {
            rule.check(address).map_err(|forbidden| NoAnswer::Forbidden(forbidden.to_string()))?;
        }
        let (deadline, answer_bytes) = (call.deadline, call.answer_bytes);
        let headers: HeaderMap = call.headers.into_iter().collect();
        let request = client.request(call.method, url).headers(headers).body(call.body);
        let answering = Box::pin(async {
            let answer = request.send().await.map_err(no_answer)?;
            let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
            let (body, clipped) = read(answer, answer_bytes).await?;
            Ok(Answer { status, headers, body, clipped, elapsed: begun.elapsed() })
        });
        tokio::time::timeout(deadline, answering)
            .await
            .unwrap_or_else(|_| Err(NoAnswer::Lost(format!("none within {} s", deadline.as_secs_f64()))))
    }
}

impl fmt::Debug for Guarded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guarded").field("allowed", &self.inside.1.allowed).finish_non_exhaustive()
    }
}

/// At most `limit` bytes of the body, and whether there are more.
async fn read(mut answer: reqwest::Response, limit: usize) -> Result<(Vec<u8>, bool), NoAnswer> {
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(no_answer)? {
        let room = limit - body.len();
        body.extend_from_slice(&chunk[..chunk.len().min(room)]);
        if chunk.len() > room {
            return Ok((body, true));
        }
    }
    Ok((body, false))
}

fn no_answer(error: reqwest::Error) -> NoAnswer {
    let connecting = error.is_connect();
    // The address may contain a token.
    let error = error.without_url();
    let mut causes: Vec<&dyn std::error::Error> = vec![&error];
    while let Some(cause) = causes.last().and_then(|last| last.source()) {
        causes.push(cause);
    }
    if let Some(forbidden) = causes.iter().find_map(|cause| cause.downcast_ref::<Forbidden>()) {
        return NoAnswer::Forbidden(forbidden.to_string());
    }
    // The last cause is the system's message; those before it only add context.
    let words = causes.last().map(ToString::to_string).unwrap_or_default();
    if connecting { NoAnswer::NotSent(words) } else { NoAnswer::Lost(words) }
}
