//! A collector of traces: accepts OTLP over HTTP as protobuf, as collectors do, and stores every span.
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{KeyValue, any_value};
use opentelemetry_proto::tonic::trace::v1::{Span as Sent, span::SpanKind, status::StatusCode as SpanStatus};
use prost::Message as _;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// A span's global name: trace id and span id, in hex.
pub(crate) type SpanId = (String, String);

/// A span as it was received.
#[derive(Clone, Debug)]
pub(crate) struct Span {
    /// Trace and span.
    pub(crate) id: SpanId,
    /// The parent within the same trace.
    pub(crate) parent: Option<SpanId>,
    /// Its name.
    pub(crate) name: String,
    /// Its kind.
    pub(crate) kind: SpanKind,
    /// Whether its status is an error.
    pub(crate) failed: bool,
    /// Attributes as text.
    pub(crate) attributes: BTreeMap<String, String>,
    /// Its links and their kind (`reelmill.link`).
    pub(crate) links: Vec<(String, SpanId)>,
    /// Begin and end in nanoseconds.
    pub(crate) time: (u64, u64),
    /// `service.name` of the process.
    pub(crate) service: String,
}

impl Span {
    /// An attribute; empty if there is none.
    pub(crate) fn get(&self, name: &str) -> &str {
        self.attributes.get(name).map_or("", String::as_str)
    }
}

/// The collector, on a port of its own. Stops when dropped.
pub(crate) struct Collector {
    /// For `OTEL_EXPORTER_OTLP_ENDPOINT`.
    pub(crate) endpoint: String,
    spans: Arc<Mutex<Vec<Span>>>,
    serving: JoinHandle<()>,
}

impl Drop for Collector {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Collector {
    /// Starts listening.
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port for traces");
        let endpoint = format!("http://{}", listener.local_addr().expect("its address"));
        let spans = Arc::new(Mutex::default());
        let app = axum::Router::new().route("/v1/traces", axum::routing::post(receive)).with_state(spans.clone());
        let serving = tokio::spawn(async move { axum::serve(listener, app).await.expect("receive traces") });
        Self { endpoint, spans, serving }
    }

    /// Every span so far.
    pub(crate) fn spans(&self) -> Vec<Span> {
        self.spans.lock().expect("no holder panicked").clone()
    }
}

async fn receive(State(spans): State<Arc<Mutex<Vec<Span>>>>, headers: HeaderMap, body: Bytes) -> StatusCode {
    if headers.get("content-type").is_none_or(|it| it != "application/x-protobuf") {
        return StatusCode::UNSUPPORTED_MEDIA_TYPE;
    }
    let Ok(request) = ExportTraceServiceRequest::decode(body) else { return StatusCode::BAD_REQUEST };
    let mut spans = spans.lock().expect("no holder panicked");
    for resource in request.resource_spans {
        let of_process = attributes(&resource.resource.unwrap_or_default().attributes);
        let service = of_process.get("service.name").cloned().unwrap_or_default();
        let sent = resource.scope_spans.into_iter().flat_map(|scope| scope.spans);
        spans.extend(sent.map(|span| read(span, &service)));
    }
    StatusCode::OK
}

fn read(span: Sent, service: &str) -> Span {
    let trace = hex::encode(&span.trace_id);
    let link = |link: &opentelemetry_proto::tonic::trace::v1::span::Link| {
        let how = attributes(&link.attributes).remove("reelmill.link").unwrap_or_default();
        (how, (hex::encode(&link.trace_id), hex::encode(&link.span_id)))
    };
    Span {
        id: (trace.clone(), hex::encode(&span.span_id)),
        parent: (!span.parent_span_id.is_empty()).then(|| (trace, hex::encode(&span.parent_span_id))),
        kind: span.kind(),
        failed: span.status.is_some_and(|status| status.code() == SpanStatus::Error),
        attributes: attributes(&span.attributes),
        links: span.links.iter().map(link).collect(),
        time: (span.start_time_unix_nano, span.end_time_unix_nano),
        service: service.to_owned(),
        name: span.name,
    }
}

fn attributes(sent: &[KeyValue]) -> BTreeMap<String, String> {
    let text = |value: &any_value::Value| match value {
        any_value::Value::StringValue(text) => text.clone(),
        any_value::Value::IntValue(number) => number.to_string(),
        any_value::Value::DoubleValue(number) => number.to_string(),
        any_value::Value::BoolValue(truth) => truth.to_string(),
        other => format!("{other:?}"),
    };
    let value = |it: &KeyValue| it.value.as_ref().and_then(|value| value.value.as_ref()).map(text).unwrap_or_default();
    sent.iter().map(|it| (it.key.clone(), value(it))).collect()
}
