//! runtime
pub mod embedded_s3;
pub mod objects;
pub mod seal;
