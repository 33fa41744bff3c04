//! The spans of a trace, named and described by OpenTelemetry's semantic conventions (1.37) for HTTP, messaging,
//! databases and AWS.
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

use super::context_of;
use crate::broker::Hint;
use crate::store::messages::Stored;
use crate::store::parts::Claim;

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

/// Work on a part after a message. It is a root, linked to the span that created the part and to the message: hours may
/// lie between, and a message is about a stage and not about a part.
pub(crate) fn process(claim: &Claim, hint: &Hint, destination: &str) -> Span {
    let span = info_span!(
        target: "otel",
        parent: None,
        "process",
        otel.name = %format_args!("process {destination}"),
        otel.kind = "consumer",
        messaging.system = "rabbitmq",
        messaging.operation.type = "process",
        messaging.operation.name = "process",
        messaging.destination.name = destination,
        messaging.rabbitmq.destination.routing_key = claim.stage.name(),
        submission.id = %claim.submission,
        part.stage = %claim.stage,
        part.name = %claim.part,
        part.run = claim.run,
        part.attempt = claim.attempt,
        part.fence = %claim.fence,
        part.waited_s = claim.waited_s,
    );
    if let Some(id) = hint.message_id() {
        span.set_attribute("messaging.message.id", id);
    }
    super::link(&span, claim.traceparent.as_deref(), "made_by");
    super::link(&span, hint.traceparent().as_deref(), "announced_by");
    span
}

/// The part has ended with this outcome.
pub(crate) fn processed(span: &Span, outcome: &'static str) {
    span.set_attribute("part.outcome", outcome);
    if matches!(outcome, "failed" | "parked" | "unrecorded") {
        failed(span, outcome);
    }
}

/// One message sent to the broker, within the trace that wrote it to the outbox; no span if the message is not traced.
pub(crate) fn send(message: &Stored, exchange: &str, server: (&str, u16)) -> Span {
    let Some(written_by) = &message.headers.traceparent else { return Span::none() };
    let destination = format!("{exchange}:{}", message.routing_key);
    let span = info_span!(
        target: "otel",
        parent: None,
        "send",
        otel.name = %format_args!("send {destination}"),
        otel.kind = "producer",
        messaging.system = "rabbitmq",
        messaging.operation.type = "send",
        messaging.operation.name = "send",
        messaging.destination.name = destination,
        messaging.rabbitmq.destination.routing_key = message.routing_key,
        messaging.message.id = %message.id,
        messaging.message.body.size = message.body.len(),
        server.address = server.0,
        server.port = server.1,
    );
    // It has not been started yet, so this cannot fail; if nothing is exported, there is nothing to set.
    let _ = span.set_parent(context_of(written_by));
    span
}

/// A transaction in the database.
pub(crate) fn transaction(name: &'static str) -> Span {
    if !super::is_traced() {
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
    if !super::is_traced() {
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
    if !super::is_traced() {
        return Span::none();
    }
    info_span!(target: "otel", "child", otel.name = %format_args!("child {job}"), otel.kind = "internal", child.job = job)
}

/// A call of a partner's API. `step` is our name for it, such as `archive.add`; the address may contain tokens and is
/// left out.
pub fn partner(partner: &str, step: &'static str, method: &str, host: &str, port: u16) -> Span {
    if !super::is_traced() {
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
