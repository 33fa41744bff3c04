//! The stories: the real binary, real servers, real video. One file a story, one fact a test.
mod support;
