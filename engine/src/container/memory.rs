//! Pages that stay in memory as they are indexed.

use super::{ReadError, Sink};
use crate::index::{Memory, PackedPage};

impl Sink for Memory {
    async fn page(&mut self, page: PackedPage) -> Result<(), ReadError> {
        self.insert(page);
        Ok(())
    }
}
