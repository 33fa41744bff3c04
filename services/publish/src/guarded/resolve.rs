//! Resolves names, once per connection: the connector calls this resolver, every address is checked here, and the
//! connector connects to exactly these. So there is no second lookup that could get another answer.
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use futures::future::BoxFuture;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use runtime::callable::Rule;

/// How a name is looked up; a function, so that tests can change its answers.
pub(super) type Lookup = Arc<dyn Fn(String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> + Send + Sync>;

/// Resolves names and refuses what the rule refuses. One forbidden address among several refuses the name: an honest
/// name has none.
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
