//! What every act and view needs. The service makes one, and so does the command line.
use std::sync::Arc;

use anyhow::Context;
use pipeline::catalogue::{Catalogue, Contest};
use pipeline::id::ContestId;
use runtime::clock::Clock;
use runtime::config::{DeskConfig, KeysConfig};
use runtime::desk_url::desk_url;
use runtime::network::Network;
use runtime::objects::Objects;
use runtime::seal::Keyring;
use runtime::service::Runtime;
use runtime::store::Store;
use runtime::store::bulk::Addresses;
use runtime::store::people::sessions::Site;

use crate::act::sign_in::Pace;

/// Servers and settings.
pub struct Desk {
    /// The database.
    pub store: Store,
    /// The object store.
    pub objects: Objects,
    /// Contests and partners.
    pub catalogue: Arc<Catalogue>,
    /// The server's time.
    pub clock: Clock,
    /// Keys for personal data; `None` where PERSONAL_DATA_KEYS is not set.
    pub keys: Option<Keyring>,
    /// Where the people who are served from here sign in.
    pub site: Site,
    /// The address of that site (`DESK_URL`, or `PUBLIC_URL` for recommending units), put before the paths in links. If
    /// empty, links are paths.
    pub url: String,
    /// The public address (`PUBLIC_URL`), where recommenders sign in. If empty, links are paths.
    pub public_url: String,
    /// Private networks that the addresses that people enter may lead to (`ALLOW_PRIVATE_NETWORKS`).
    pub allowed_networks: Vec<Network>,
    /// Slows down sign-ins from one address.
    pub pace: Pace,
    /// Computes the addresses of artefacts, so that a dry run can say what would be reused.
    pub addresses: Addresses,
}

/// The settings of a desk.
#[derive(Clone, Copy)]
pub struct DeskSettings<'a> {
    /// Where staff reach it.
    pub desk: &'a DeskConfig,
    /// `PUBLIC_URL`, if it is set.
    pub public_url: Option<&'a str>,
    /// Keys for personal data.
    pub keys: &'a KeysConfig,
    /// `ALLOW_PRIVATE_NETWORKS`.
    pub allowed_networks: &'a [Network],
}

impl Desk {
    /// For the service role.
    pub fn of(runtime: &Runtime, addresses: Addresses) -> anyhow::Result<Self> {
        let config = &runtime.config;
        let settings = DeskSettings {
            desk: &config.desk,
            public_url: config.upload.public_url.as_deref(),
            keys: &config.keys,
            allowed_networks: &config.allow_private_networks,
        };
        let (store, objects) = (runtime.store.clone(), runtime.objects.clone());
        Self::with(settings, store, objects, runtime.catalogue.clone(), runtime.clock.clone(), addresses)
    }

    /// For the pages of recommending units, at the public address.
    pub fn of_units(runtime: &Runtime, addresses: Addresses) -> anyhow::Result<Self> {
        let desk = Self::of(runtime, addresses)?;
        Ok(Self { site: Site::Units, url: desk.public_url.clone(), ..desk })
    }

    /// For a command on this machine. It connects to the database and, where needed, to the object store.
    pub fn for_command(
        settings: DeskSettings<'_>,
        store: Store,
        objects: Objects,
        catalogue: Arc<Catalogue>,
        addresses: Addresses,
    ) -> anyhow::Result<Self> {
        Self::with(settings, store, objects, catalogue, Clock::default(), addresses)
    }

    /// The keys for personal data, or an error that names the missing setting.
    pub(crate) fn keys(&self) -> anyhow::Result<&Keyring> {
        self.keys.as_ref().context("open personal data: PERSONAL_DATA_KEYS is not set")
    }

    /// The contest of a work.
    pub(crate) fn contest(&self, id: &ContestId) -> anyhow::Result<&Contest> {
        self.catalogue.contest(id).with_context(|| format!("the catalogue lost the contest {id}"))
    }

    fn with(
        settings: DeskSettings<'_>,
        store: Store,
        objects: Objects,
        catalogue: Arc<Catalogue>,
        clock: Clock,
        addresses: Addresses,
    ) -> anyhow::Result<Self> {
        let url = desk_url(settings.desk)?.unwrap_or_default();
        let keys = settings.keys;
        let keys = keys.personal_data_keys.is_some().then(|| keys.keyring()).transpose()?;
        let allowed_networks = settings.allowed_networks.to_vec();
        let pace = Pace::default();
        let public_url = settings.public_url.unwrap_or_default().trim_end_matches('/').to_owned();
        let site = Site::Console;
        Ok(Self { store, objects, catalogue, clock, keys, site, url, public_url, allowed_networks, pace, addresses })
    }
}
