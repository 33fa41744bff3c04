//! The stories: the real binary, real servers, real video. One file a story, one fact a test.
mod support;

// Entries of real content, measured when they come out.
mod content;
// Postgres goes away in the middle of everything and comes back.
mod database;
// What attacks: none of it gets anywhere.
mod hostile;
// RabbitMQ says too much, forgets everything, loses its patience, or dies.
mod messages;
// What may be found nowhere.
mod secrets;
// Workers that die, sleep or stop, at every place where it could matter.
mod workers;
