//! The service as its clients see it: real Postgres, the embedded object store, HTTP on a free port. One file per verb,
//! one for each test that spans several.
//!
//! `TEST_DATABASE_URL` names a Postgres in which databases may be made; each test makes its own and drops it.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod stage; // servers, a client, shorthands

mod access; // every route and every kind of caller
mod broken; // connections, object stores and processes that fail
mod budget; // what one entry, and all together, may store
mod concat; // pieces
mod correct; // other answers to the form
mod deadline; // deadline, grace, expiry
mod delete; // termination
mod doors; // refused requests, and how many hashes run
mod enter; // entering in a browser, and its drafts
mod entries; // the form, the status, withdrawing
mod entry; // the page of an entry: number, key, receipt, changes
mod find; // an entry by its number, and a lost link by mail
mod head; // offsets
mod headers; // security headers of every answer
mod joins; // uploads that cannot be finished
mod options; // discovery and browsers of other origins
mod overload; // floods
mod pages; // the pages at the bare address
mod patch; // bytes, checksums, lengths
mod post; // creation, with and without bytes
mod replace; // another film
mod replicas; // two services, one upload
mod slow; // slow senders, and methods in headers
mod typed; // texts that people type

#[path = "../../../../tests/support/smtp.rs"]
mod smtp; // a mail server

// The desk's own tests, which run on the same stage.
#[path = "../../../desk/tests/it/acts.rs"]
mod desk_acts; // acts of staff, and their traces
#[path = "../../../desk/tests/it/beside.rs"]
mod desk_beside; // two works side by side
#[path = "../../../desk/tests/it/browser.rs"]
mod desk_browser; // a person with a session, and their browser
#[path = "../../../desk/tests/it/bulk.rs"]
mod desk_bulk; // releases and recalls of many works
#[path = "../../../desk/tests/it/bulk_pages.rs"]
mod desk_bulk_pages; // the same, and deliveries by hand, as forms
#[path = "../../../desk/tests/it/compare.rs"]
mod desk_compare; // a rendition beside its source
#[path = "../../../desk/tests/it/cure.rs"]
mod desk_cure; // windows for one work
#[path = "../../../desk/tests/it/deliveries.rs"]
mod desk_deliveries; // deliveries by hand
#[path = "../../../desk/tests/it/guesses.rs"]
mod desk_guesses; // delays after wrong passwords, and one link in two browsers
#[path = "../../../desk/tests/it/jobs.rs"]
mod desk_jobs; // new runs and jobs: dry runs, digests, orders
#[path = "../../../desk/tests/it/list_pages.rs"]
mod desk_list_pages; // lists, one work and trouble in a browser without scripts
#[path = "../../../desk/tests/it/lists.rs"]
mod desk_lists; // lists as files, and spreadsheets
#[path = "../../../desk/tests/it/live.rs"]
mod desk_live; // the first page, people, and updates while a page is open
#[path = "../../../desk/tests/it/names.rs"]
mod desk_names; // names instead of ids
#[path = "../../../desk/tests/it/offered.rs"]
mod desk_offered; // acts that a page offers
#[path = "../../../desk/tests/it/pages.rs"]
mod desk_pages; // pages: sessions, roles, other sites
#[path = "../../../desk/tests/it/persons.rs"]
mod desk_persons; // persons, their roles and tokens
#[path = "../../../desk/tests/it/pictures.rs"]
mod desk_pictures; // how many pictures are received at a time
#[path = "../../../desk/tests/it/preview.rs"]
mod desk_preview; // what reviewers see before they decide
#[path = "../../../desk/tests/it/queue.rs"]
mod desk_queue; // the screening queue: claims, decisions that can be undone
#[path = "../../../desk/tests/it/several.rs"]
mod desk_several; // persons with roles in several contests
#[path = "../../../desk/tests/it/sign_in.rs"]
mod desk_sign_in; // invitations, both factors, sessions
#[path = "../../../desk/tests/it/typed_pages.rs"]
mod desk_typed_pages; // what staff type into pages
#[path = "../../../desk/tests/it/views.rs"]
mod desk_views; // the views of staff
#[path = "../../../desk/tests/it/webhooks.rs"]
mod desk_webhooks; // added, rotated, sent again, removed
