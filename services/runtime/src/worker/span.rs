//! The span of a part.
use tracing::{Span, info_span};
use tracing_opentelemetry::OpenTelemetrySpanExt;

use crate::broker::Hint;
use crate::store::work::parts::Claim;
use crate::telemetry::{self, spans};

/// Work on a part after a message. It is a root, linked to the span that created the part and to the message: hours may
/// lie between, and a message is about a stage and not about a part.
pub(super) fn process(claim: &Claim, hint: &Hint, destination: &str) -> Span {
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
    telemetry::link(&span, claim.traceparent.as_deref(), "made_by");
    telemetry::link(&span, hint.traceparent().as_deref(), "announced_by");
    span
}

/// The part has ended with this outcome.
pub(super) fn processed(span: &Span, outcome: &'static str) {
    span.set_attribute("part.outcome", outcome);
    if matches!(outcome, "failed" | "parked" | "unrecorded") {
        spans::failed(span, outcome);
    }
}
