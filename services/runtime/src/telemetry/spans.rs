//! The spans of a trace, named and described by OpenTelemetry's semantic conventions (1.37) for HTTP, messaging, databases
//! and AWS. Those of a message and of a part are beside what they describe: `broker::span`, `worker::span`.
//!
//! They have the target `otel`, which is not shown in log lines, so that lines stay short. If nothing is exported, this
//! target is disabled, and a span costs one comparison. Client spans are created only within another span: the periodic
//! queries of the reconciler and the relays belong to no entry.
//!
//! Addresses, upload ids and everything else that grants access are left out: `url.path` is the route, with its
//! `{names}`.
use opentelemetry::trace::Status;
use pipeline::stage::Stage;
use tracing::{Span, info_span};
use tracing_opentelemetry::OpenTelemetrySpanExt;

use super::trace::is_traced;

/// A request to a server of ours. It is a root: the caller's trace context is not used, because any client may send
/// one.
pub fn request(method: &str, route: &str, version: &str) -> Span {
    info_span!(
        target: "otel",
        parent: None,
        "request",
        otel.name = %format_args!("{method} {route}"),
        otel.kind = "server",
        http.request.method = method,
        http.route = route,
        url.path = route,
        url.scheme = "http",
        network.protocol.name = "http",
        network.protocol.version = version,
    )
}

/// The request was answered.
pub fn responded(span: &Span, status: u16) {
    span.set_attribute("http.response.status_code", i64::from(status));
    if status >= 500 {
        failed(span, status.to_string());
    }
}

/// A transaction in the database.
pub(crate) fn transaction(name: &'static str) -> Span {
    if !is_traced() {
        return Span::none();
    }
    info_span!(
        target: "otel",
        "transaction",
        otel.name = name,
        otel.kind = "client",
        db.system.name = "postgresql",
        db.operation.name = "TRANSACTION",
        db.query.summary = name,
    )
}

/// A call of the object store's API, such as `PutObject`.
pub(crate) fn object_store(operation: &'static str, bucket: &str, key: &str) -> Span {
    if !is_traced() {
        return Span::none();
    }
    info_span!(
        target: "otel",
        "object_store",
        otel.name = %format_args!("S3/{operation}"),
        otel.kind = "client",
        rpc.system = "aws-api",
        rpc.service = "S3",
        rpc.method = operation,
        aws.s3.bucket = bucket,
        aws.s3.key = %without_upload(key),
    )
}

/// Only the entrant knows the address of an upload.
fn without_upload(key: &str) -> String {
    match key.strip_prefix("uploads/").and_then(|rest| rest.split_once('/')) {
        Some((_, file)) => format!("uploads/{{id}}/{file}"),
        None => key.to_owned(),
    }
}

/// A media job in its sandboxed child.
pub(crate) fn child(job: &str) -> Span {
    if !is_traced() {
        return Span::none();
    }
    info_span!(target: "otel", "child", otel.name = %format_args!("child {job}"), otel.kind = "internal", child.job = job)
}

/// A call of a partner's API. `step` is our name for it, such as `archive.add`; the address may contain tokens and is
/// left out.
pub fn partner(partner: &str, step: &'static str, method: &str, host: &str, port: u16) -> Span {
    if !is_traced() {
        return Span::none();
    }
    info_span!(
        target: "otel",
        "partner",
        otel.name = %format_args!("{method} {step}"),
        otel.kind = "client",
        http.request.method = method,
        server.address = host,
        server.port = port,
        url.template = step,
        partner.name = partner,
    )
}

/// Marks a span as failed; `why` is a short stable name.
pub fn failed(span: &Span, why: impl Into<opentelemetry::StringValue>) {
    let why = why.into();
    span.set_attribute("error.type", why.clone());
    span.set_status(Status::Error { description: why.as_str().to_owned().into() });
}

/// The queue of a stage as consumers name it: exchange, routing key and queue.
pub(crate) fn destination(exchange: &str, stage: Stage, queue: &str) -> String {
    format!("{exchange}:{stage}:{queue}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_of_an_upload_is_in_a_trace() {
        assert_eq!(without_upload("uploads/0b9d/source"), "uploads/{id}/source");
        assert_eq!(without_upload("renditions/a/1/web/3.mp4"), "renditions/a/1/web/3.mp4");
    }
}
