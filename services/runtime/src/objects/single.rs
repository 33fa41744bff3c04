//! Calls about one object: store it whole, look at it, delete it.
use std::fmt::Display;

use aws_sdk_s3::primitives::ByteStream;
use bytes::Bytes;
use pipeline::object_key::ObjectKey;

use super::body::Body;
use super::client::{LARGE, Objects, within};
use super::error::ObjectError;

impl Objects {
    /// Stores a small object in one call.
    pub async fn put_bytes(&self, key: &ObjectKey, bytes: impl Into<Bytes>) -> Result<(), ObjectError> {
        self.put(key, ByteStream::from(bytes.into())).await.map(drop)
    }

    /// Stores one object from memory or from a section of a file, at most of a part's size; returns its ETag.
    pub async fn put_body(&self, key: &ObjectKey, body: Body) -> Result<String, ObjectError> {
        self.put(key, body.into_stream().await?).await
    }

    async fn put(&self, key: &ObjectKey, body: ByteStream) -> Result<String, ObjectError> {
        let put = self.client.put_object().bucket(&*self.bucket).key(key.to_string()).body(body);
        let put = put.customize().config_override(within(LARGE)).send();
        let put = self.traced("PutObject", &key.to_string(), put).await?;
        Ok(put.e_tag().unwrap_or_default().to_owned())
    }

    /// Size of an object in bytes.
    pub async fn head(&self, key: &impl Display) -> Result<u64, ObjectError> {
        let head = self.client.head_object().bucket(&*self.bucket).key(key.to_string()).send().await?;
        Ok(head.content_length().unwrap_or_default().try_into().unwrap_or_default())
    }

    /// Deletes an object; a missing one counts as deleted.
    pub async fn delete(&self, key: &impl Display) -> Result<(), ObjectError> {
        match self.client.delete_object().bucket(&*self.bucket).key(key.to_string()).send().await {
            Ok(_) => Ok(()),
            Err(err) => match ObjectError::from(err) {
                ObjectError::NotFound => Ok(()),
                other => Err(other),
            },
        }
    }
}
