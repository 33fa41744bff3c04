//! The contents of the servers: the desk's own checks, run with the settings of this machine.
use ::desk::view::checks::{self, Bounds, Looked};
use runtime::broker::Broker;
use runtime::clock::Clock;
use runtime::config::{BrokerConfig, CatalogueConfig, KeysConfig};
use runtime::metrics::Metrics;
use runtime::seal::Keyring;
use runtime::store::Store;
use runtime::transport::Trusted;

use super::finding::{Finding, UNSET};

/// The checks of the database; none if it does not answer, which is a finding of its own.
pub(super) async fn of_database(
    store: anyhow::Result<Store>,
    bounds: Bounds,
    catalogue: &CatalogueConfig,
    keys: &KeysConfig,
) -> Vec<Finding> {
    let Ok(store) = store else { return Vec::new() };
    let catalogue = catalogue.read().ok();
    let keys = keys.personal_data_keys.as_deref().and_then(|text| Keyring::parse(text).ok());
    let looked = Looked {
        store: &store,
        broker: None,
        catalogue: catalogue.as_deref(),
        keys: keys.as_ref(),
        clock: &Clock::default(),
        bounds,
    };
    checks::of_database(looked).await.into_iter().map(Finding::from).collect()
}

/// The checks of the broker; none if it does not answer.
pub(super) async fn queues(config: &BrokerConfig, allowed: &[Trusted]) -> Vec<Finding> {
    if config.amqp_url == UNSET {
        return Vec::new();
    }
    let broker = Metrics::new().and_then(|metrics| Broker::new(config, allowed, metrics));
    let Ok(broker) = broker else { return Vec::new() };
    // A broker that does not answer is a finding of its own.
    if broker.answers().await.is_err() {
        return Vec::new();
    }
    checks::of_broker(&broker).await.into_iter().map(Finding::from).collect()
}

impl From<checks::Finding> for Finding {
    fn from(finding: checks::Finding) -> Self {
        let (mend_zh, mend) = finding.mend.map_or_else(Default::default, |mend| (mend.zh.into(), mend.en.into()));
        Self { check: finding.check.en.into(), health: finding.health, found: finding.found.en, mend, mend_zh }
    }
}
