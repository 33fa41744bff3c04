//! The stories: the real binary, real servers, real video. One file a story, one fact a test.
mod support;

// Works at Bilibili's open platform, which answers as it likes.
mod bilibili;
// The pages of staff in a real browser.
mod browser;
// Entries of real content, measured when they come out.
mod content;
// Postgres goes away in the middle of everything and comes back.
mod database;
// Real entries while workers and servers are killed, stopped, cut off and filled; what anybody was told is there in the end.
mod chaos;
// Everything goes wrong at once, on the way to every partner.
mod chaos_handoff;
// What people type.
mod command_line;
// What two OpenAPI documents promise.
mod contract;
// What operators see of it.
mod dashboards;
// Gates that people open, and what partners get.
mod delivery;
// Every act of the desk, by command and by API alike.
mod desk;
// The disks of the database, of the object store and of a worker have no room left.
mod disk_full;
// Failed authentication, security headers, and the contest for trials.
mod doors;
// Douyin: a person says yes before, and takes back after.
mod douyin;
// Films that are entered again.
mod duplicates;
// What an entrant hears while the film is still being decoded.
mod first_look;
// What the sources themselves must look like.
mod house;
// What attacks: none of it gets anywhere.
mod hostile;
// A sandboxed child that belongs to somebody else by now: none of its answers is believed.
mod lying;
// RabbitMQ says too much, forgets everything, loses its patience, or dies.
mod messages;
// Who works with entries, in which roles.
mod persons;
// Films that give way to another one.
mod replace;
// New runs of works that are published.
mod reprocess;
// What was made before is not made again.
mod reuse;
// Over which line and as whom servers are reached.
mod reach;
// A partner's bucket, with a notice.
mod s3_drop;
// To whom, when, and how it is known that a work is gone.
mod recall;
// A feed that a partner pulls.
mod mrss;
// Back to a moment, by the scripts that operators use.
mod restore;
// What reviewers look at before anything is made.
mod review;
// Forty works of a recommending unit at once.
mod sheets;
// The same stories on two S3 servers.
mod s3_servers;
// What people are told to do next, and that it does what it says.
mod trouble;
// Works in several segments.
mod seams;
// What may be found nowhere.
mod secrets;
// Folders on a partner's SFTP server, and its receipts.
mod sftp_drop;
// Encrypted lines to the database and the broker, by certificates that are right and wrong.
mod tls;
// One entry's way through everything, as spans.
mod traces;
// Uploads by the official JavaScript client, over lines that break.
mod tus_client;
// Recommending units at the public address.
mod units;
// Workers that die, sleep or stop, at every place where it could matter.
mod workers;
// Changes told to others, signed.
mod webhooks;
