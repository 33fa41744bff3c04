//! The environment of services and commands.
use std::collections::BTreeMap;

use runtime::objects::S3Access;
use tempfile::TempDir;

use crate::support::catalogue;
use crate::support::store::ObjectStore;

/// The key that seals personal data in these tests. It must not appear in any log.
pub(crate) const PERSONAL_DATA_KEY: &str = "Y2FuYXJ5LWNhbmFyeS1jYW5hcnktY2FuYXJ5LWtleSE=";

pub(super) fn environment(store: &ObjectStore, dir: &TempDir) -> BTreeMap<String, String> {
    let pairs = [
        ("CATALOGUE_DIR", dir.path().join("catalogue").display().to_string()),
        ("PERSONAL_DATA_KEYS", format!("test:{PERSONAL_DATA_KEY}")),
        // The partners of tests answer at once.
        ("POLL_BASE_S", "0.3".to_owned()),
        ("UNKNOWN_SETTLE_S", "1".to_owned()),
        // Containers in which tests run may lack Landlock; the tests of hostile media check it themselves.
        ("REELMILL_ALLOW_MISSING_LANDLOCK", "true".to_owned()),
        ("RUST_LOG", "info".to_owned()),
        ("NO_COLOR", "1".to_owned()),
    ];
    let ours = access_in_env("S3", &store.ours);
    let partner = format!("PARTNER_{}_S3", catalogue::DROP.to_ascii_uppercase());
    let partners = access_in_env(&partner, &store.partners);
    pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).chain(ours).chain(partners).collect()
}

fn access_in_env(prefix: &str, access: &S3Access) -> impl Iterator<Item = (String, String)> {
    let S3Access { endpoint, region, bucket, access_key, secret_key, .. } = access.clone();
    let endpoint = endpoint.expect("the stores of stories have an address");
    [
        ("ENDPOINT", endpoint),
        ("REGION", region),
        ("BUCKET", bucket),
        ("ACCESS_KEY_ID", access_key),
        ("SECRET_ACCESS_KEY", secret_key),
    ]
    .map(|(name, value)| (format!("{prefix}_{name}"), value))
    .into_iter()
}
