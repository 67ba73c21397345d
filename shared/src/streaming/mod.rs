//! What the functions share about streaming: where viewers reach it, and the key that signs.

mod hosts;
mod secret;

pub use hosts::Hosts;
pub use secret::{Keys, Secret, SecretsManager, SigningSecret};
