//! Compiles the messages with protox, so that protoc need not be installed.
use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=reelmill");
    let files = protox::compile(["reelmill/v1/work.proto", "reelmill/v1/events.proto"], ["."])?;
    prost_build::Config::new().enable_type_names().compile_fds(files)?;
    Ok(())
}
