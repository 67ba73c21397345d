//! Pages that stay in memory as they are indexed.

use super::{ReadError, Sink};
use crate::index::{Memory, Packed};

impl Sink for Memory {
    async fn page(&mut self, page: Packed) -> Result<(), ReadError> {
        self.insert(page);
        Ok(())
    }
}
