//! Counts and times every call to the object store, at the SDK's interception points. All attempts of one call count as
//! one.
use std::time::Instant;

use aws_sdk_s3::config::interceptors::{BeforeSerializationInterceptorContextRef, FinalizerInterceptorContextRef};
use aws_sdk_s3::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_s3::error::BoxError;
use aws_smithy_runtime_api::client::orchestrator::Metadata;
use aws_smithy_types::config_bag::{Layer, Storable, StoreReplace};

use crate::metrics::CallMetrics;

/// The interceptor.
#[derive(Clone)]
pub(super) struct Watch(pub(super) CallMetrics);

impl std::fmt::Debug for Watch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Watch")
    }
}

/// When a call started.
#[derive(Debug)]
struct Begun(Instant);

impl Storable for Begun {
    type Storer = StoreReplace<Self>;
}

impl Intercept for Watch {
    fn name(&self) -> &'static str {
        "Watch"
    }

    fn read_before_execution(
        &self,
        _: &BeforeSerializationInterceptorContextRef<'_>,
        bag: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let mut layer = Layer::new("watch");
        layer.store_put(Begun(Instant::now()));
        bag.push_layer(layer);
        Ok(())
    }

    fn read_after_execution(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        bag: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        // Names of the SDK's own operations, of which we call a dozen.
        let operation = bag.load::<Metadata>().map_or("unknown", Metadata::name);
        let status = context.response().map(|response| response.status().as_u16());
        let outcome = outcome(context.output_or_error().is_some_and(|result| result.is_ok()), status);
        self.0.s3_requests.with_label_values(&[operation, outcome]).inc();
        if let Some(Begun(at)) = bag.load::<Begun>() {
            self.0.s3_request_seconds.with_label_values(&[operation]).observe(at.elapsed().as_secs_f64());
        }
        Ok(())
    }
}

/// The same classes as in [`super::ObjectError`].
fn outcome(ok: bool, status: Option<u16>) -> &'static str {
    match status {
        _ if ok => "ok",
        Some(404) => "not_found",
        Some(408 | 429 | 500..) | None => "unavailable",
        // An answer with status 200 whose body was cut off.
        Some(200..300) => "unavailable",
        Some(_) => "refused",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_sorted_by_what_a_caller_should_do() {
        let sorted = [
            (true, Some(200), "ok"),
            (false, Some(404), "not_found"),
            (false, Some(403), "refused"),
            (false, Some(503), "unavailable"),
            (false, Some(200), "unavailable"),
            (false, None, "unavailable"),
        ];
        for (ok, status, expected) in sorted {
            assert_eq!(outcome(ok, status), expected);
            assert!(crate::metrics::S3_ENDS.contains(&expected));
        }
    }
}
