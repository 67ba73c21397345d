//! The keys of one machine: the table of spaces is all that has to know them.

use async_trait::async_trait;
use reelspan::cloudfront::key::SigningKey;

use super::{KeyGroup, hex};
use crate::EdgeError;

/// The keys of one machine, which are trusted as soon as the table has them.
#[derive(Clone, Copy, Debug, Default)]
pub struct LocalKeys;

#[async_trait]
impl KeyGroup for LocalKeys {
    async fn publish(&self, key: &SigningKey) -> Result<String, EdgeError> {
        // As long as CloudFront's names, and in the same letters.
        Ok(format!("K{}", hex(&key.public(), 6).to_ascii_uppercase()))
    }

    async fn trust(&self, _: &[String]) -> Result<String, EdgeError> {
        Ok("local".to_owned())
    }

    async fn is_deployed(&self) -> Result<bool, EdgeError> {
        Ok(true)
    }

    async fn keep_only(&self, _: &[String]) -> Result<(), EdgeError> {
        Ok(())
    }

    async fn delete(&self) -> Result<(), EdgeError> {
        Ok(())
    }
}
