//! A memory budget for all answers together. A request holds a share of it from the first index page that it loads
//! until its body is sent. If there is no room, it waits for a moment, in order of arrival, and then answers 503. Large
//! answers may use only a part of the budget, so that small ones do not wait behind them.

use std::env;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

/// The unit of the budget, in bytes.
const UNIT: u64 = 16 << 10;
/// The default budget, in megabytes.
const DEFAULT: u64 = 128;
/// The minimum share of a request that loads pages, in bytes.
const LEAST: u64 = 1 << 20;
/// An answer that needs more memory than this, in bytes, is a large one.
const LARGE: u64 = 8 << 20;
/// How long a request waits for its share, or for more of it.
const WAIT: Duration = Duration::from_secs(5);

/// The budget.
#[derive(Clone, Debug)]
pub struct Budget {
    all: Arc<Semaphore>,
    /// The part of the budget for large answers.
    large: Arc<Semaphore>,
    /// The number of units for large answers.
    most: u32,
    wait: Duration,
}

/// The budget has no room at the moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BudgetFull;

impl Default for Budget {
    fn default() -> Self {
        Self::new(DEFAULT << 20, WAIT)
    }
}

impl Budget {
    /// A budget of `bytes`, and how long a request waits for its share.
    #[must_use]
    pub fn new(bytes: u64, wait: Duration) -> Self {
        let units = u32::try_from(bytes / UNIT).unwrap_or(u32::MAX).max(8);
        let most = units - units / 4;
        let semaphore = |units: u32| Arc::new(Semaphore::new(units as usize));
        Self { all: semaphore(units), large: semaphore(most), most, wait }
    }

    /// The budget from the environment: `REELSPAN_MEMORY`, in megabytes; else a quarter of the memory of a Lambda
    /// function (`AWS_LAMBDA_FUNCTION_MEMORY_SIZE`, which Lambda sets); else 128 MB.
    #[must_use]
    pub fn from_env() -> Self {
        let megabytes = |name| env::var(name).ok()?.parse::<u64>().ok();
        let own = megabytes("REELSPAN_MEMORY").filter(|megabytes| *megabytes > 0);
        let lambda = || megabytes("AWS_LAMBDA_FUNCTION_MEMORY_SIZE").map(|megabytes| megabytes / 4);
        Self::new(own.or_else(lambda).unwrap_or(DEFAULT) << 20, WAIT)
    }

    /// Reserves a share for a request that is going to load pages.
    ///
    /// # Errors
    ///
    /// [`BudgetFull`] if there is no room in time.
    pub async fn share(&self) -> Result<Share, BudgetFull> {
        let mut share = Share { budget: self.clone(), all: None, large: None };
        share.grow(LEAST).await?;
        Ok(share)
    }
}

/// One request's share of the budget.
#[derive(Debug)]
pub struct Share {
    budget: Budget,
    all: Option<OwnedSemaphorePermit>,
    large: Option<OwnedSemaphorePermit>,
}

impl Share {
    /// Grows the share to at least `bytes`, limited to the budget of large answers.
    ///
    /// # Errors
    ///
    /// [`BudgetFull`] if there is no room in time.
    pub async fn grow(&mut self, bytes: u64) -> Result<(), BudgetFull> {
        let units = u32::try_from(bytes.div_ceil(UNIT)).unwrap_or(u32::MAX).min(self.budget.most);
        if bytes > LARGE {
            let large = Arc::clone(&self.budget.large);
            acquire(large, &mut self.large, units, self.budget.wait).await?;
        }
        acquire(Arc::clone(&self.budget.all), &mut self.all, units, self.budget.wait).await
    }

    /// Shrinks the share to at most `bytes`.
    pub fn shrink(&mut self, bytes: u64) {
        let units = usize::try_from(bytes.div_ceil(UNIT)).unwrap_or(usize::MAX);
        for permit in [&mut self.all, &mut self.large].into_iter().flatten() {
            let more = permit.num_permits().saturating_sub(units);
            drop(permit.split(more));
        }
        if bytes <= LARGE {
            self.large = None;
        }
    }
}

async fn acquire(
    semaphore: Arc<Semaphore>,
    held: &mut Option<OwnedSemaphorePermit>,
    units: u32,
    wait: Duration,
) -> Result<(), BudgetFull> {
    let have = held.as_ref().map_or(0, |held| u32::try_from(held.num_permits()).unwrap_or(u32::MAX));
    let Some(more) = units.checked_sub(have).filter(|more| *more > 0) else { return Ok(()) };
    match timeout(wait, semaphore.acquire_many_owned(more)).await {
        Ok(Ok(permit)) => {
            match held {
                Some(held) => held.merge(permit),
                None => *held = Some(permit),
            }
            Ok(())
        }
        _ => Err(BudgetFull),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    const MB: u64 = 1 << 20;

    #[tokio::test(start_paused = true)]
    async fn what_has_no_room_waits_and_gives_up() {
        let budget = Budget::new(16 * MB, Duration::from_secs(5));
        let mut first = budget.share().await.unwrap();
        first.grow(12 * MB).await.unwrap();
        let mut second = budget.share().await.unwrap();
        assert_eq!(second.grow(9 * MB).await, Err(BudgetFull), "large answers have three quarters");
        second.grow(4 * MB).await.unwrap();
        assert_eq!(budget.share().await.unwrap_err(), BudgetFull);
        let third = tokio::spawn({
            let budget = budget.clone();
            async move { budget.share().await.is_ok() }
        });
        tokio::task::yield_now().await;
        first.shrink(2 * MB);
        assert!(third.await.unwrap());
        second.grow(9 * MB).await.unwrap();
        drop((first, second));
        assert_eq!((budget.all.available_permits(), budget.large.available_permits()), (1024, 768));
    }

    #[tokio::test(start_paused = true)]
    async fn small_answers_do_not_wait_behind_large_ones() {
        let budget = Budget::new(64 * MB, Duration::from_secs(5));
        let mut large = Vec::new();
        for _ in 0..4 {
            let mut share = budget.share().await.unwrap();
            share.grow(12 * MB).await.unwrap();
            large.push(share);
        }
        let mut waits = budget.share().await.unwrap();
        let waits = tokio::spawn(async move { waits.grow(12 * MB).await });
        tokio::task::yield_now().await;
        for _ in 0..8 {
            budget.share().await.unwrap();
        }
        assert_eq!(waits.await.unwrap(), Err(BudgetFull));
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_larger_than_the_budget_has_it_for_itself() {
        let budget = Budget::new(8 * MB, Duration::from_secs(5));
        let mut share = budget.share().await.unwrap();
        share.grow(u64::MAX).await.unwrap();
        assert_eq!(budget.large.available_permits(), 0);
    }
}
