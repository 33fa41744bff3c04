//! The span of a message.
use tracing::{Span, info_span};
use tracing_opentelemetry::OpenTelemetrySpanExt;

use crate::store::outgoing::messages::Stored;
use crate::telemetry::context_of;

/// One message sent to the broker, within the trace that wrote it to the outbox; no span if the message is not traced.
pub(super) fn send(message: &Stored, exchange: &str, server: (&str, u16)) -> Span {
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
