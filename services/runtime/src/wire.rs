//! Messages as bytes: protobuf bodies and CloudEvents headers. Only this file and `reading` use protobuf.
use chrono::{DateTime, Utc};
use pipeline::id::{PartnerId, SubmissionId};
use pipeline::progress::Reached;
use pipeline::stage::Stage;
use pipeline::submission::State;
use prost::Message as _;
use proto::reelmill::v1;
use serde::{Deserialize, Serialize};

mod reading;

pub use reading::{Announced, announced, describe};

/// Direct exchange in front of the stages' queues; the routing key is the stage's name.
pub const WORK_EXCHANGE: &str = "reelmill.work";
/// Topic exchange for subscribers.
pub const EVENTS_EXCHANGE: &str = "reelmill.events";

/// A message as stored in the outbox. Its id, and with it the CloudEvents id, is that of the row.
#[derive(Clone, Debug, PartialEq)]
pub struct Outgoing {
    /// Exchange without prefix.
    pub exchange: &'static str,
    /// Routing key.
    pub routing_key: String,
    /// CloudEvents `type`.
    pub kind: &'static str,
    /// Protobuf.
    pub body: Vec<u8>,
    /// The headers besides id, source, type and version.
    pub headers: Headers,
}

/// CloudEvents attributes and the trace context, as stored beside the body.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Headers {
    /// CloudEvents `subject`: the submission's id, or the stage for work.
    pub subject: String,
    /// W3C trace context of the span that caused the message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub traceparent: Option<String>,
}

/// "Stage has work."
pub fn work_available(stage: Stage, traceparent: Option<String>) -> Outgoing {
    Outgoing {
        exchange: WORK_EXCHANGE,
        routing_key: stage.name().to_owned(),
        kind: "reelmill.v1.WorkAvailable",
        body: v1::WorkAvailable { stage: stage.name().to_owned() }.encode_to_vec(),
        headers: Headers { subject: stage.name().to_owned(), traceparent },
    }
}

/// "The submission is in another state."
pub fn submission_changed(
    submission: SubmissionId,
    contest: &str,
    run: u32,
    state: &State,
    at: DateTime<Utc>,
    traceparent: Option<String>,
) -> Outgoing {
    let (stage, rejection) = match state {
        State::At { stage, .. } => (Some(stage.name().to_owned()), None),
        State::Rejected { stage, reason } => (Some(stage.name().to_owned()), Some(reason.code().to_owned())),
        State::Uploading
        | State::AwaitingReview
        | State::AwaitingRelease
        | State::Published
        | State::Withdrawn
        | State::Revoked => (None, None),
    };
    let message = v1::SubmissionChanged {
        submission: submission.to_string(),
        contest: contest.to_owned(),
        run,
        state: state.name().to_owned(),
        stage,
        rejection,
        at: Some(timestamp(at)),
    };
    Outgoing {
        exchange: EVENTS_EXCHANGE,
        routing_key: format!("submission.{contest}.{}", state.name()),
        kind: "reelmill.v1.SubmissionChanged",
        body: message.encode_to_vec(),
        headers: Headers { subject: submission.to_string(), traceparent },
    }
}

/// "The machines have made this progress with the submission."
pub fn submission_progressed(
    submission: SubmissionId,
    contest: &str,
    run: u32,
    reached: Reached,
    at: DateTime<Utc>,
    traceparent: Option<String>,
) -> Outgoing {
    let message = v1::SubmissionProgressed {
        submission: submission.to_string(),
        contest: contest.to_owned(),
        run,
        done: reached.done,
        remaining_s: reached.remaining_s,
        at: Some(timestamp(at)),
    };
    Outgoing {
        exchange: EVENTS_EXCHANGE,
        routing_key: format!("progress.{contest}"),
        kind: "reelmill.v1.SubmissionProgressed",
        body: message.encode_to_vec(),
        headers: Headers { subject: submission.to_string(), traceparent },
    }
}

/// "The delivery is in another state."
pub fn delivery_changed(
    submission: SubmissionId,
    partner: &PartnerId,
    run: u32,
    state: &str,
    at: DateTime<Utc>,
    traceparent: Option<String>,
) -> Outgoing {
    let message = v1::DeliveryChanged {
        submission: submission.to_string(),
        partner: partner.to_string(),
        run,
        state: state.to_owned(),
        at: Some(timestamp(at)),
    };
    Outgoing {
        exchange: EVENTS_EXCHANGE,
        routing_key: format!("delivery.{partner}.{state}"),
        kind: "reelmill.v1.DeliveryChanged",
        body: message.encode_to_vec(),
        headers: Headers { subject: submission.to_string(), traceparent },
    }
}

fn timestamp(at: DateTime<Utc>) -> prost_types::Timestamp {
    // Nanoseconds below a second fit an i32.
    prost_types::Timestamp { seconds: at.timestamp(), nanos: at.timestamp_subsec_nanos() as i32 }
}

#[cfg(test)]
mod tests {
    use pipeline::id::ContestId;

    use super::*;

    #[test]
    fn a_work_message_names_a_stage_and_no_job() {
        let message = work_available(Stage::Transcode, None);
        assert_eq!(describe(message.kind, &message.body), Some(serde_json::json!({ "stage": "transcode" })));
        assert_eq!(message.routing_key, "transcode");
    }

    #[test]
    fn an_event_is_read_back_as_it_was_announced() {
        let (submission, at) = (SubmissionId(uuid::Uuid::from_u128(7)), DateTime::UNIX_EPOCH);
        let read = |message: Outgoing| announced(message.kind, &message.body).unwrap();
        let contest: ContestId = "demo".parse().unwrap();
        let changed = submission_changed(submission, "demo", 1, &State::AwaitingReview, at, None);
        let state = Some("awaiting_review".to_owned());
        assert_eq!(read(changed), Announced::Work { submission, contest: contest.clone(), state });
        let reached = Reached { done: 0.5, remaining_s: Some(3.0) };
        let progressed = submission_progressed(submission, "demo", 1, reached, at, None);
        assert_eq!(read(progressed), Announced::Work { submission, contest, state: None });
        let partner: PartnerId = "cctv".parse().unwrap();
        let delivered = delivery_changed(submission, &partner, 1, "live", at, None);
        assert_eq!(read(delivered), Announced::Delivery { submission, partner, state: "live".into() });
        assert_eq!(announced("reelmill.v1.WorkAvailable", b""), None);
    }

    #[test]
    fn an_unknown_type_is_not_guessed_at() {
        assert_eq!(describe("reelmill.v2.Whatever", b""), None);
    }
}
