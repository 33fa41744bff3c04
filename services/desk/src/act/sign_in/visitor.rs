//! Who signs in, as far as it is stored.
use super::agent;
use super::device::Device;

/// The origin of a sign-in, as far as it is stored.
#[derive(Clone, Debug, Default)]
pub struct Visitor {
    /// Pseudonym of the client's address.
    pub address: Option<String>,
    /// Browser and system in a few words.
    pub agent: Option<String>,
    /// The browser, if a person has signed in with it before.
    pub device: Option<Device>,
}

impl Visitor {
    /// From an address with this pseudonym, with this User-Agent and this device cookie.
    pub fn new(address: Option<String>, user_agent: Option<&str>, device: Option<Device>) -> Self {
        Self { address, agent: user_agent.and_then(agent::short), device }
    }
}
