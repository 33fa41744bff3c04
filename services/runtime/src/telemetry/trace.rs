//! The trace context that accompanies parts and messages.
use std::collections::HashMap;

use opentelemetry::propagation::TextMapPropagator;
use opentelemetry::trace::{SpanContext, TraceContextExt};
use opentelemetry::{Context, KeyValue};
use opentelemetry_sdk::propagation::TraceContextPropagator;
use pipeline::id::SubmissionId;
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;

/// The ids of the span in which the current line is written. The layer that creates spans also enters their context.
pub(super) fn current_ids() -> Option<SpanContext> {
    let current = Context::current();
    Some(current.span().span_context().clone()).filter(SpanContext::is_valid)
}

/// Whether the current span is exported. A span that only gives context to log lines does not count.
pub(super) fn is_traced() -> bool {
    current_ids().is_some()
}

/// The current span as a W3C `traceparent`, to accompany what it causes; `None` when nothing is traced.
pub fn current_traceparent() -> Option<String> {
    traceparent_of(&Span::current())
}

/// The same for any span.
pub fn traceparent_of(span: &Span) -> Option<String> {
    let context = span.context();
    if !context.span().span_context().is_valid() {
        return None;
    }
    let mut carrier = HashMap::new();
    TraceContextPropagator::new().inject_context(&context, &mut carrier);
    carrier.remove("traceparent")
}

/// The id of a span's trace, as logs and collectors write it.
pub fn trace_id_of(span: &Span) -> Option<String> {
    let context = span.context();
    let span = context.span();
    let ids = span.span_context();
    ids.is_valid().then(|| ids.trace_id().to_string())
}

/// Links `span` to the span in a `traceparent`: caused by it, but in a trace of its own, because hours may lie between.
/// `how` is the link's attribute `reelmill.link`.
pub fn link(span: &Span, traceparent: Option<&str>, how: &'static str) {
    let Some(traceparent) = traceparent else { return };
    let producer = context_of(traceparent).span().span_context().clone();
    span.add_link_with_attributes(producer, vec![KeyValue::new("reelmill.link", how)]);
}

/// The current span changes a submission, or concerns it: adds the submission's id, and links to the span that changed
/// it before.
pub fn follow(submission: SubmissionId, before: Option<&str>) {
    let span = Span::current();
    span.set_attribute("submission.id", submission.to_string());
    link(&span, before, "follows");
}

/// The context of a `traceparent`, built from an empty one: an unreadable header must not lead to the current span.
pub(crate) fn context_of(traceparent: &str) -> Context {
    let carrier = HashMap::from([("traceparent".to_owned(), traceparent.to_owned())]);
    TraceContextPropagator::new().extract_with_context(&Context::new(), &carrier)
}
