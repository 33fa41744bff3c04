//! What every test uses: private servers, the real binary as processes, a test catalogue, an entrant, and the check for
//! leftovers.
#![allow(dead_code, unused_imports, reason = "each story takes what it needs")]

pub(crate) mod broker;
pub(crate) mod browser;
pub(crate) mod catalogue;
pub(crate) mod clips;
pub(crate) mod collector;
pub(crate) mod crossing;
pub(crate) mod entrant;
pub(crate) mod films;
pub(crate) mod leftovers;
pub(crate) mod measure;
pub(crate) mod network;
pub(crate) mod pause;
pub(crate) mod pipeline;
pub(crate) mod planted;
pub(crate) mod platforms;
pub(crate) mod process;
pub(crate) mod prometheus;
pub(crate) mod proxy;
pub(crate) mod receiver;
pub(crate) mod reviewed;
pub(crate) mod servers;
pub(crate) mod smtp;
pub(crate) mod sshd;
pub(crate) mod store;
pub(crate) mod truth;
pub(crate) mod tus_js;
pub(crate) mod volume;
pub(crate) mod wait;

pub(crate) use entrant::Entrant;
pub(crate) use network::{Network, Place, network_or_say_so};
pub(crate) use pause::Pause;
pub(crate) use pipeline::{Setup, TestPipeline};
pub(crate) use process::{Ran, Service};
pub(crate) use proxy::{Direction, Proxy};
pub(crate) use servers::Servers;
pub(crate) use sshd::Sshd;
pub(crate) use store::ObjectStore;
pub(crate) use volume::Volume;
pub(crate) use wait::wait_until;
