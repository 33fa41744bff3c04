//! The runtime on a real Postgres and a real RabbitMQ. Every test has a database and queues of its own.
#![allow(clippy::unwrap_used, reason = "a test may")]

mod attempts; // times that did not bring a part to its end
mod audit; // what people did, and that no row of it changes
mod broker; // confirms, returns, wiped queues
mod bulk; // new runs of many works: a few at a time, below new entries, as one
mod claims; // who gets which part, fences, leases
mod deliveries; // what is desired at partners, and the parts that bring it about
mod failures; // retries, parking, panics, `Later`
mod fingerprints; // works that are entered twice
mod former; // films that give way to another one
mod fsck; // the database and the object store compared
mod gauges; // what operators decide by, held against rows of known age and effort
mod line; // a submission's whole way, with everything that follows from each step
mod persons; // who works with entries, in which roles, and what ends with them
mod plans; // what queries read of a database that has grown
mod progress; // how far an entry is, and what is chosen once for a run
mod retention; // what is past its time
mod roles; // one login owns the schema, others work in it
mod sampling; // figures of the whole installation
mod shares; // a new contest beside a large one, a partner over its budget beside another
mod sign_in; // sessions, codes, links, slow-down
mod stopping; // soft and hard shutdown
mod stubs;
mod support;
mod watching; // health, metrics, swept objects, a wrong catalogue
mod words; // messages: doubled, lost, slow
