//! The random life of one entry: `advance` with a small store around it (parts with lease and fence, messages as mere
//! hints), in every order that workers, brokers, crashes and people can cause. In the manner of Janus' simulation
//! tests.
//!
//! **What is a failure** (each has its check in `simulation/model.rs`):
//! - a part is committed by a worker that is not its latest claimer, or committed twice;
//! - a part is started twice in one run, or is claimed when its entry is rejected, withdrawn, revoked or past it;
//! - an entry is published while a part of its run is not done;
//! - an entry is stuck: not settled, not at a gate, and no part of its run is pending, claimed or parked;
//! - the pending parts of the state differ from the open rows of the store;
//! - a gate that a person opens is passed without a person, also by way of reprocessing, or that of a work which looks
//!   like another one, whatever the contest's gates;
//! - a run number goes back, or changes by anything but a reprocess or another film;
//! - a film is replaced in a work that was accepted, withdrawn or revoked, or without an announcement;
//! - a repeated outcome, or one of an older run or an earlier stage, changes anything;
//! - a withdrawn or revoked entry ever becomes anything else, or starts a part;
//! - left alone with working workers and willing people, an entry does not settle.
//!
//! **What explicitly is not a failure**:
//! - several workers doing one part at once after a lease expired, as long as one commits;
//! - work that is discarded: a zombie's, or an older run's;
//! - messages lost, doubled or delivered without need: the reconciler writes new ones;
//! - a part that fails five times and waits, parked, for an operator; a gate that is never opened; a partner that never
//!   ends its review;
//! - a withdrawn entry that some partner already has: the recall belongs to the delivery, not to the submission.
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRng, TestRunner};

#[path = "simulation/model.rs"]
mod model;

use model::{Flaw, Model};
use pipeline::stage::Stage;
use pipeline::submission::{Gate, Gates};

/// One event. Numbers choose among what exists at that moment, so that shortening a failing list keeps its meaning.
#[derive(Clone, Debug)]
enum Op {
    /// The upload service reports the verified bytes.
    Upload,
    /// A message reaches a worker, which claims the best pending part of its stage.
    Deliver(u8),
    /// The broker delivers a message a second time.
    Redeliver(u8),
    /// The queues are wiped.
    LoseMessages,
    /// The reconciler writes messages for what is pending.
    Reconcile,
    /// A worker finishes and commits; at screen it decides on this much work.
    Finish(u8, u8),
    /// A worker dies without a report.
    Crash(u8),
    /// A claimed part's lease expires, whether its worker is alive or not.
    LeaseExpiry(u8),
    /// A worker reports a failure of ours.
    TransientFailure(u8),
    /// A worker asks to be called again later.
    Later(u8),
    /// A worker finds that the content must be refused.
    Rejection(u8),
    /// A committed outcome is reported again.
    Replay(u8),
    /// An operator retries what is parked.
    RetryParked,
    /// A reviewer accepts.
    Approval,
    /// A reviewer refuses.
    Refusal,
    /// The organisers' release, to all partners or to some.
    Release(u8),
    /// The organisers recall it from one partner.
    Recall(u8),
    /// The entrant withdraws it.
    Withdraw,
    /// The organiser revokes it.
    Revoke,
    /// A person starts a new run from a stage.
    Reprocess(u8),
    /// The entrant is about to send another film.
    Replacing,
    /// Another film is complete.
    Replaced,
}

fn op() -> impl Strategy<Value = Op> {
    // Weights: mostly progress, so that entries get far, and few final events, so that they do not end every run early.
    prop_oneof![
        2 => Just(Op::Upload),
        12 => any::<u8>().prop_map(Op::Deliver),
        3 => any::<u8>().prop_map(Op::Redeliver),
        1 => Just(Op::LoseMessages),
        4 => Just(Op::Reconcile),
        14 => (any::<u8>(), any::<u8>()).prop_map(|(worker, work)| Op::Finish(worker, work)),
        2 => any::<u8>().prop_map(Op::Crash),
        4 => any::<u8>().prop_map(Op::LeaseExpiry),
        3 => any::<u8>().prop_map(Op::TransientFailure),
        2 => any::<u8>().prop_map(Op::Later),
        1 => any::<u8>().prop_map(Op::Rejection),
        4 => any::<u8>().prop_map(Op::Replay),
        1 => Just(Op::RetryParked),
        3 => Just(Op::Approval),
        1 => Just(Op::Refusal),
        3 => any::<u8>().prop_map(Op::Release),
        1 => any::<u8>().prop_map(Op::Recall),
        1 => Just(Op::Withdraw),
        1 => Just(Op::Revoke),
        2 => any::<u8>().prop_map(Op::Reprocess),
        2 => Just(Op::Replacing),
        2 => Just(Op::Replaced),
    ]
}

fn gates() -> impl Strategy<Value = Gates> {
    let gate = || prop_oneof![Just(Gate::Manual), Just(Gate::Automatic)];
    (gate(), gate()).prop_map(|(review, release)| Gates { review, release })
}

/// Lives one life and then calms down; an error is the first failure.
fn live(gates: Gates, ops: &[Op], flaw: Flaw) -> Result<(), String> {
    let mut model = Model::new(gates, flaw);
    for op in ops {
        step(&mut model, op);
        model.check().map_err(|failure| format!("after {op:?}: {failure}"))?;
    }
    model.calm_down()
}

fn step(model: &mut Model, op: &Op) {
    match *op {
        Op::Upload => model.upload(),
        Op::Deliver(choice) => model.deliver(choice),
        Op::Redeliver(choice) => model.redeliver(choice),
        Op::LoseMessages => model.lose_messages(),
        Op::Reconcile => model.reconcile(),
        Op::Finish(choice, work) => model.finish(choice, work),
        Op::Crash(choice) => model.crash(choice),
        Op::LeaseExpiry(choice) => model.expire_lease(choice),
        Op::TransientFailure(choice) => model.fail(choice),
        Op::Later(choice) => model.later(choice),
        Op::Rejection(choice) => model.reject(choice),
        Op::Replay(choice) => model.replay(choice),
        Op::RetryParked => model.retry_parked(),
        Op::Approval => model.approve(),
        Op::Refusal => model.refuse(),
        Op::Release(choice) => model.release(choice),
        Op::Recall(choice) => model.recall(choice),
        Op::Withdraw => model.withdraw(),
        Op::Revoke => model.revoke(),
        Op::Reprocess(choice) => model.reprocess(Stage::ALL[usize::from(choice) % Stage::ALL.len()], choice / 5),
        Op::Replacing => model.announce(),
        Op::Replaced => model.replace(),
    }
}

proptest! {
    #![proptest_config(Config { cases: 500, failure_persistence: None, ..Config::default() })]

    #[test]
    fn no_order_of_events_breaks_an_entry(gates in gates(), ops in prop::collection::vec(op(), 1..160)) {
        live(gates, &ops, Flaw::None).map_err(TestCaseError::fail)?;
    }
}

/// A simulation that cannot fail proves nothing: with each flaw built into the store, the same lives must detect it.
#[test]
fn each_flaw_in_the_store_is_found() {
    for (flaw, expected) in [
        (Flaw::NoFenceCheck, "latest claimer"),
        (Flaw::NoStatusCheck, "twice"),
        (Flaw::ForgetsParts, "stuck"),
        (Flaw::KeepsObsoleteParts, "claimed"),
    ] {
        let config = Config { cases: 2000, failure_persistence: None, ..Config::default() };
        let rng = TestRng::deterministic_rng(config.rng_algorithm);
        let found = TestRunner::new_with_rng(config, rng)
            .run(&(gates(), prop::collection::vec(op(), 1..160)), |(gates, ops)| {
                live(gates, &ops, flaw).map_err(TestCaseError::fail)
            });
        let failure = found.expect_err("the flaw was not found").to_string();
        assert!(failure.contains(expected), "{flaw:?} was found as {failure}");
    }
}
