//! Lists of objects, and deleting everything under a prefix.
use chrono::{DateTime, Utc};
use futures::{StreamExt, TryStreamExt, stream};

use super::client::Objects;
use super::error::ObjectError;

/// Deletes under a prefix that run in parallel.
const DELETES: usize = 8;

/// One object of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// The key.
    pub key: String,
    /// Size in bytes.
    pub bytes: u64,
    /// When it was stored, by the server's clock; `None` if the server does not report it.
    pub modified: Option<DateTime<Utc>>,
}

impl From<&aws_sdk_s3::types::Object> for Listed {
    fn from(object: &aws_sdk_s3::types::Object) -> Self {
        let modified = object.last_modified().and_then(|at| DateTime::from_timestamp(at.secs(), at.subsec_nanos()));
        let bytes = object.size().unwrap_or_default().try_into().unwrap_or_default();
        Self { key: object.key().unwrap_or_default().to_owned(), bytes, modified }
    }
}

impl Objects {
    /// Every object under a prefix, in order of key.
    pub async fn list(&self, prefix: &str) -> Result<Vec<Listed>, ObjectError> {
        let mut found = Vec::new();
        let mut pages = self.client.list_objects_v2().bucket(&*self.bucket).prefix(prefix).into_paginator().send();
        while let Some(page) = pages.next().await {
            found.extend(page?.contents().iter().map(Listed::from));
        }
        Ok(found)
    }

    /// Objects under a prefix whose keys are after `after` and before `until`, in order of key, as servers list them.
    pub async fn list_range(
        &self,
        prefix: &str,
        after: Option<&str>,
        until: Option<&str>,
    ) -> Result<Vec<Listed>, ObjectError> {
        let call = self.client.list_objects_v2().bucket(&*self.bucket).prefix(prefix);
        let mut pages = call.set_start_after(after.map(str::to_owned)).into_paginator().send();
        let mut found = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page?;
            let mut ends = false;
            for object in page.contents() {
                let object = Listed::from(object);
                if until.is_some_and(|until| object.key.as_str() >= until) {
                    ends = true;
                } else {
                    found.push(object);
                }
            }
            if ends {
                break;
            }
        }
        Ok(found)
    }

    /// The next objects under a prefix after the key `after`, as many as the server lists in one answer.
    pub async fn list_page(&self, prefix: &str, after: Option<&str>) -> Result<Vec<Listed>, ObjectError> {
        let call = self.client.list_objects_v2().bucket(&*self.bucket).prefix(prefix);
        let page = call.set_start_after(after.map(str::to_owned)).send().await?;
        Ok(page.contents().iter().map(Listed::from).collect())
    }

    /// The top level of the bucket: objects without a folder, and one object for each folder.
    pub async fn list_top(&self) -> Result<Vec<Listed>, ObjectError> {
        let call = self.client.list_objects_v2().bucket(&*self.bucket).delimiter("/");
        let mut pages = call.into_paginator().send();
        let mut found = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page?;
            found.extend(page.contents().iter().map(Listed::from));
            let folders = page.common_prefixes().iter().filter_map(|it| it.prefix());
            found.extend(folders.map(|it| Listed { key: it.to_owned(), bytes: 0, modified: None }));
        }
        Ok(found)
    }

    /// Deletes everything under a prefix, except `keep`; returns how many objects were deleted.
    pub async fn delete_prefix(&self, prefix: &str, keep: &[String]) -> Result<usize, ObjectError> {
        let going: Vec<_> = self.list(prefix).await?.into_iter().filter(|it| !keep.contains(&it.key)).collect();
        let count = going.len();
        // One at a time and not with `DeleteObjects`, which needs a checksum, and servers differ in which.
        stream::iter(going)
            .map(|object| async move { self.delete(&object.key).await })
            .buffer_unordered(DELETES)
            .try_collect::<()>()
            .await?;
        Ok(count)
    }
}
