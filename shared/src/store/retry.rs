//! Pauses before retries.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

/// The maximum of the first pause, which doubles each time.
const FIRST: Duration = Duration::from_millis(25);
/// The maximum of any pause.
const LONGEST: Duration = Duration::from_secs(2);

/// Pauses of random length within a limit that doubles, so that clients that were refused together do not come back
/// together.
#[derive(Debug)]
pub(super) struct Backoff {
    limit: Duration,
    left: u32,
}

impl Backoff {
    /// Pauses for this many attempts, including the first.
    pub const fn new(attempts: u32) -> Self {
        Self { limit: FIRST, left: attempts.saturating_sub(1) }
    }

    /// Pauses, and returns whether there is another attempt.
    pub async fn pause(&mut self) -> bool {
        if self.left == 0 {
            return false;
        }
        self.left -= 1;
        tokio::time::sleep(self.limit.mul_f64(fraction())).await;
        self.limit = (self.limit * 2).min(LONGEST);
        true
    }
}

/// A number from 0 to 1. The standard library seeds its hash maps at random, which is random enough for a pause.
fn fraction() -> f64 {
    let random = RandomState::new().hash_one(());
    f64::from(u32::try_from(random >> 32).unwrap_or(u32::MAX)) / f64::from(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn there_are_as_many_attempts_as_allowed() {
        for attempts in 1..4 {
            let mut backoff = Backoff::new(attempts);
            let mut made = 1;
            while backoff.pause().await {
                made += 1;
            }
            assert_eq!(made, attempts);
        }
    }
}
