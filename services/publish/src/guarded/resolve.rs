//! Names to addresses, once a connection: the connector asks here, every address is checked here, and the connector calls what it
//! got from here. So there is no second look at the name that somebody could answer differently.
use std::error::Error;
use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use futures::future::BoxFuture;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use runtime::network::Network;

use super::address;

/// How a name is looked up; a function, so that tests can change its answers.
pub(super) type Lookup = Arc<dyn Fn(String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> + Send + Sync>;

/// Which addresses a client may call.
#[derive(Clone)]
pub(super) struct Rule {
    /// Networks of our own that configuration opens.
    pub(super) allowed: Arc<[Network]>,
    /// Whether nothing but these may be called.
    pub(super) inside_only: bool,
}

/// Why an address is not called. Names the address's kind and not the address: what a name of ours resolves to inside of our
/// network is nothing to tell to whoever gave us the name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Forbidden(pub(super) &'static str);

impl fmt::Display for Forbidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the address is not called: {}", self.0)
    }
}

impl Error for Forbidden {}

impl Rule {
    /// Whether this one address may be called.
    pub(super) fn check(&self, address: IpAddr) -> Result<(), Forbidden> {
        if self.inside_only && !address::is_inside(address, &self.allowed) {
            return Err(Forbidden("plain http"));
        }
        address::may_call(address, &self.allowed).map_err(Forbidden)
    }
}

/// Looks names up and refuses what the rule refuses. One bad address among several refuses the name: an honest name has none.
pub(super) struct Checked {
    pub(super) lookup: Lookup,
    pub(super) rule: Rule,
}

impl Resolve for Checked {
    fn resolve(&self, name: Name) -> Resolving {
        let (looking, rule) = ((self.lookup)(name.as_str().to_owned()), self.rule.clone());
        Box::pin(async move {
            let addresses = looking.await?;
            for address in &addresses {
                rule.check(*address)?;
            }
            // Port 0 stands for the port of the call.
            let addresses: Addrs = Box::new(addresses.into_iter().map(|address| SocketAddr::new(address, 0)));
            Ok(addresses)
        })
    }
}

/// The system's own resolver.
pub(super) fn system() -> Lookup {
    Arc::new(|name| {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name, 0)).await?;
            Ok(found.map(|address| address.ip()).collect())
        })
    })
}
