//! With the embedded server, and with the one in `TEST_S3_ENDPOINT`, such as Garage, together with S3_ACCESS_KEY_ID and
//! the other variables.
mod files;
mod keys;
mod multiparts;
mod servers;
mod stage;
