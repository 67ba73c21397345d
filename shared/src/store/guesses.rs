//! Failed sign-ins, counted in the table `Sessions` for all processes together: on AWS the next guess may reach another instance
//! of the function, whose own memory ([`crate::user::FailureLimits`]) knows nothing of the last one.
//!
//! The rules are those of one process: every attempt counts as a failure until it turns out right, for the name at the address,
//! for the address, and for the name. Of simultaneous attempts, each counts: an attempt is written only if the counts are still as
//! they were read. Items are found by digests, say nothing of who signs in, and expire after an hour.

use std::net::IpAddr;
use std::sync::Arc;

use super::database::{Condition, Database, Get, Item, ItemChange, PrimaryKey, TableName, Value, Write};
use super::retry::Backoff;
use super::sessions::{hex, now};
use super::{DynamoDb, SESSIONS, StoreError, UnsetVariable, aws};
use crate::user::{AttemptSource, Denied, FailureLimits, NotFound};

/// How often an attempt is tried again while others count.
const ATTEMPTS: u32 = 8;
/// How many seconds a failure counts.
const COUNTS_FOR: u64 = 60 * 60;
/// The sort key: there is one item for each partition.
const SORT: &str = "-";

const COUNT: &str = "count";
const LAST: &str = "last";
const REVISION: &str = "revision";
const TOLD: &str = "told";
const EXPIRES: &str = "expires";

/// The counts of failed sign-ins.
#[derive(Clone, Debug)]
pub struct Guesses {
    database: Arc<dyn Database>,
    table: TableName,
    limits: FailureLimits,
}

/// An attempt that was allowed, and counts as a failure until [`Guesses::was_right`].
#[derive(Debug)]
pub struct GuessAttempt([String; 3]);

/// What is known of a name at an address, of an address, or of a name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct FailureCount {
    count: u32,
    last: u64,
    told: bool,
    /// Which write made it; `None` if there is no item.
    revision: Option<u64>,
}

impl Guesses {
    /// The counts in the table of this name.
    #[must_use]
    pub fn new(database: Arc<dyn Database>, table: impl Into<Arc<str>>, limits: FailureLimits) -> Self {
        Self { database, table: TableName::new(table, SESSIONS.partition, SESSIONS.sort), limits }
    }

    /// The table from a function's environment: `SESSIONS_TABLE`.
    pub async fn from_env() -> Result<Self, UnsetVariable> {
        let table = super::variable("SESSIONS_TABLE")?;
        Ok(Self::new(Arc::new(DynamoDb::new(aws().await.into())), table, FailureLimits::default()))
    }

    /// Allows an attempt to sign in, and counts it as a failure; or says how long it has to wait.
    pub async fn attempt(&self, name: &str, address: Option<IpAddr>) -> Result<GuessAttempt, Denied> {
        self.attempt_at(name, address, now()).await
    }

    /// [`Guesses::attempt`] at a time in seconds since 1970.
    pub async fn attempt_at(&self, name: &str, address: Option<IpAddr>, now: u64) -> Result<GuessAttempt, Denied> {
        let source = format!("{:?}", AttemptSource::of(address));
        let attempt =
            GuessAttempt([format!("pair {source} {name}"), format!("address {source}"), format!("name {name}")]);
        let mut backoff = Backoff::new(ATTEMPTS);
        loop {
            let [pair, of_address, of_name] = self.read(&attempt, now).await.map_err(denied)?;
            let (for_pair, for_address) = self.limits.delays(pair.count, of_address.count, of_name.count);
            let wait = (pair.last + for_pair).max(of_address.last + for_address).saturating_sub(now);
            if wait > 0 {
                let again = pair.told;
                if !again {
                    // If another process writes at the same time, it says so too.
                    let told = Some(FailureCount { told: true, ..pair });
                    self.write(&attempt, now, [told, None, None]).await.map_err(denied)?;
                }
                return Err(Denied::Limited { seconds: wait, again });
            }
            let more = |counted: FailureCount| {
                Some(FailureCount { count: counted.count.saturating_add(1), last: now, told: false, ..counted })
            };
            let counted = [more(pair), more(of_address), more(of_name)];
            if self.write(&attempt, now, counted).await.map_err(denied)? {
                return Ok(attempt);
            }
            if !backoff.pause().await {
                return Err(Denied::Crowded);
            }
        }
    }

    /// The attempt was right: earlier failures of this name at this address are forgotten, and this one counts nowhere.
    pub async fn was_right(&self, attempt: &GuessAttempt) -> Result<(), NotFound> {
        let mut backoff = Backoff::new(ATTEMPTS);
        loop {
            let now = now();
            let [pair, of_address, of_name] = self.read(attempt, now).await?;
            let less = |counted: FailureCount| Some(FailureCount { count: counted.count.saturating_sub(1), ..counted });
            let forgotten = Some(FailureCount { count: 0, ..pair });
            // What stays counted is only one failure too many.
            if self.write(attempt, now, [forgotten, less(of_address), less(of_name)]).await? || !backoff.pause().await {
                return Ok(());
            }
        }
    }

    /// What is counted now; failures of long ago count no more.
    async fn read(&self, attempt: &GuessAttempt, now: u64) -> Result<[FailureCount; 3], StoreError> {
        let found =
            self.database.get(&[Get::whole(&self.table, attempt.0.iter().map(|text| at(text)).collect())]).await?;
        let found: Vec<_> = found.into_iter().flatten().collect();
        let counted = |text: &String| {
            let partition = Value::text(partition(text));
            let item = found.iter().find(|item| item.get(SESSIONS.partition) == Some(&partition));
            item.map(|item| FailureCount::of(item, now)).unwrap_or_default()
        };
        let [pair, of_address, of_name] = &attempt.0;
        Ok([counted(pair), counted(of_address), counted(of_name)])
    }

    /// Writes what is given, if all of it is still as it was read.
    async fn write(
        &self,
        attempt: &GuessAttempt,
        now: u64,
        counted: [Option<FailureCount>; 3],
    ) -> Result<bool, StoreError> {
        let writes = attempt.0.iter().zip(counted).filter_map(|(text, counted)| {
            let counted = counted?;
            let unchanged = match counted.revision {
                Some(revision) => Condition::Is(REVISION, Value::number(revision)),
                None => Condition::Missing(REVISION),
            };
            let change = match (counted.count, counted.revision) {
                (0, Some(_)) => ItemChange::Delete(at(text)),
                (0, None) => return None,
                _ => ItemChange::Put(counted.item(text, now)),
            };
            Some(Write::new(&self.table, change).only_if(unchanged))
        });
        let writes: Vec<_> = writes.collect();
        if writes.is_empty() { Ok(true) } else { self.database.write(writes).await }
    }
}

impl FailureCount {
    fn of(item: &Item, now: u64) -> Self {
        let number = |name| item.get(name).and_then(Value::as_number::<u64>);
        let (last, revision) = (number(LAST).unwrap_or_default(), number(REVISION));
        if now >= last.saturating_add(COUNTS_FOR) {
            return Self { revision, ..Self::default() };
        }
        let count = number(COUNT).and_then(|count| u32::try_from(count).ok()).unwrap_or_default();
        Self { count, last, told: item.get(TOLD).and_then(Value::as_flag).unwrap_or_default(), revision }
    }

    fn item(&self, text: &str, now: u64) -> Item {
        let mut item = Item::from([(SESSIONS.partition, Value::text(partition(text))), ("session", Value::text(SORT))]);
        item.insert(COUNT, Value::number(self.count));
        item.insert(LAST, Value::number(self.last));
        item.insert(TOLD, Value::Flag(self.told));
        item.insert(REVISION, Value::number(self.revision.unwrap_or_default() + 1));
        item.insert(EXPIRES, Value::number(now + COUNTS_FOR));
        item
    }
}

fn denied(error: StoreError) -> Denied {
    Denied::Directory(error.into())
}

/// No user has a name with a space.
fn partition(text: &str) -> String {
    format!("guesses {}", hex(text))
}

fn at(text: &str) -> PrimaryKey {
    PrimaryKey::sorted(partition(text), SORT)
}
