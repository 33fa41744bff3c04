//! Failed authentication. Labels are a door and a reason, never a person or an address.
use prometheus::{Encoder, IntCounterVec, Registry, TextEncoder};

use super::make::Maker;
use crate::doors::{Door, Reason};

/// `reelmill_auth_failures_total{door,reason}`, every pair at 0.
pub(super) fn auth_failures(make: &Maker) -> anyhow::Result<IntCounterVec> {
    let failures =
        make.counters("auth_failures_total", "Requests that were refused at a door.", &["door", "reason"])?;
    for door in Door::ALL {
        for reason in Reason::ALL {
            failures.with_label_values(&[door.name(), reason.name()]);
        }
    }
    Ok(failures)
}

/// The only metric of a process that serves just the embedded object store.
#[derive(Clone)]
pub struct DoorMetrics {
    registry: Registry,
    /// `reelmill_auth_failures_total{door,reason}`.
    pub auth_failures: IntCounterVec,
}

impl DoorMetrics {
    /// In a separate registry.
    pub fn new() -> anyhow::Result<Self> {
        let registry = Registry::new();
        let auth_failures = auth_failures(&Maker { registry: &registry })?;
        Ok(Self { registry, auth_failures })
    }

    /// In the text format of Prometheus.
    pub fn text(&self) -> anyhow::Result<Vec<u8>> {
        let mut text = Vec::new();
        TextEncoder::new().encode(&self.registry.gather(), &mut text)?;
        Ok(text)
    }
}
