//! The Lambda that turns streaming on and off.

fn main() {}
