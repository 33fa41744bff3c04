//! The stories: the real binary, real servers, real video. One file a story, one fact a test.
mod support;

// Works at Bilibili's open platform, by an emulator that also fails.
mod bilibili;
// The staff pages in a real browser.
mod browser;
// Entries of real content, measured when they come out.
mod content;
// Postgres goes away under load and comes back.
mod database;
// Real entries while workers and servers are killed, stopped, cut off and filled; every acknowledgement holds in the
// end.
mod chaos;
// All faults at once, for every method of delivery.
mod chaos_handoff;
// Commands as people type them.
mod command_line;
// The two OpenAPI documents.
mod contract;
// Dashboards and alerts.
mod dashboards;
// Gates that people open, and what partners get.
mod delivery;
// Every act of the desk, by command and by API alike.
mod desk;
// The disks of the database, of the object store and of a worker have no room left.
mod disk_full;
// Failed authentication, security headers, and the contest for trials.
mod doors;
// Douyin: a person confirms before, and removes afterwards.
mod douyin;
// Films that are entered again.
mod duplicates;
// What an entrant sees while the film is still being decoded.
mod first_look;
// What the sources themselves must look like.
mod house;
// Hostile files: none of them does harm.
mod hostile;
// A sandboxed child under an attacker's control: none of its answers is trusted.
mod lying;
// RabbitMQ repeats messages, loses everything, times out, or dies.
mod messages;
// Staff and their roles.
mod persons;
// Films that are replaced by another one.
mod replace;
// New runs of works that are published.
mod reprocess;
// Finished files are reused.
mod reuse;
// TLS to the servers, and the roles used there.
mod reach;
// A partner's bucket, with a notice.
mod s3_drop;
// Release and recall: for which partners, when, and the evidence that a work is gone.
mod recall;
// A feed that a partner pulls.
mod mrss;
// Point-in-time recovery, by the scripts that operators use.
mod restore;
// What reviewers see before renditions are made.
mod review;
// Forty works of a recommending unit at once.
mod sheets;
// The same stories on two S3 servers.
mod s3_servers;
// The advice that problems give, and that following it works.
mod trouble;
// Works in several segments.
mod seams;
// Secrets and personal data appear nowhere they must not.
mod secrets;
// Folders on a partner's SFTP server, and its receipts.
mod sftp_drop;
// TLS to the database and the broker, with valid and invalid certificates.
mod tls;
// One entry's path through all stages, as spans.
mod traces;
// Uploads by the official JavaScript client, over unreliable connections.
mod tus_client;
// Recommending units at the public address.
mod units;
// Workers that are killed, paused or stopped, at every point where it could matter.
mod workers;
// Signed notifications of changes.
mod webhooks;
