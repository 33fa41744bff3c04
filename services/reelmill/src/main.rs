//! reelmill
fn main() {}
