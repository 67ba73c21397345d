//! The connections of a port, and which one gives way if there are too many.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{sync::Notify, time::Instant};
use tokio_util::sync::{CancellationToken, WaitForCancellationFuture};

use super::{ConnectionLimits, progress::ConnectionProgress};

/// How long to wait before checking again if all connections were busy.
const AGAIN: Duration = Duration::from_millis(100);

/// The connections of a port.
#[derive(Debug)]
pub struct ConnectionTable {
    limits: ConnectionLimits,
    entries: Mutex<HashMap<u64, ConnectionEntry>>,
    /// Notified when a connection has ended.
    ended: Notify,
}

#[derive(Debug)]
struct ConnectionEntry {
    address: IpAddr,
    progress: Arc<ConnectionProgress>,
    close: CancellationToken,
}

/// One address has too many busy connections.
#[derive(Debug, PartialEq, Eq)]
pub struct AddressBusy;

/// Why there is no place.
#[derive(Debug, PartialEq, Eq)]
enum ConnectionsFull {
    Address,
    Port,
}

/// A connection's place in the table. Dropping it frees the place.
#[derive(Debug)]
pub struct Slot {
    table: Arc<ConnectionTable>,
    number: u64,
    close: CancellationToken,
    pub progress: Arc<ConnectionProgress>,
}

impl ConnectionTable {
    pub fn new(limits: ConnectionLimits) -> Self {
        Self { limits, entries: Mutex::default(), ended: Notify::new() }
    }

    /// Admits a new connection, as soon as there is a place, if necessary by closing another connection.
    pub async fn admit(self: &Arc<Self>, address: IpAddr) -> Result<Slot, AddressBusy> {
        let address = network(address);
        loop {
            let ended = self.ended.notified();
            match self.place(address, Instant::now()) {
                Ok(place) => return Ok(place),
                Err(ConnectionsFull::Address) => return Err(AddressBusy),
                Err(ConnectionsFull::Port) => {
                    let _ = tokio::time::timeout(AGAIN, ended).await;
                    self.close_overdue(Instant::now());
                }
            }
        }
    }

    fn place(self: &Arc<Self>, address: IpAddr, now: Instant) -> Result<Slot, ConnectionsFull> {
        let mut entries = self.lock();
        let theirs = entries.values().filter(|entry| entry.address == address).count();
        if self.limits.per_address.is_some_and(|most| theirs >= most) {
            give_way(&mut entries, now, |entry| entry.address == address).ok_or(ConnectionsFull::Address)?;
        } else if entries.len() >= self.limits.connections {
            give_way(&mut entries, now, |_| true).ok_or(ConnectionsFull::Port)?;
        }
        // A number is not reused while its connection exists.
        let number = entries.keys().max().map_or(0, |last| last + 1);
        let (progress, close) =
            (Arc::new(ConnectionProgress::new(self.limits.patience, now)), CancellationToken::new());
        entries.insert(number, ConnectionEntry { address, progress: Arc::clone(&progress), close: close.clone() });
        Ok(Slot { table: Arc::clone(self), number, close, progress })
    }

    /// Closes the connections whose clients have used up their time.
    pub fn close_overdue(&self, now: Instant) {
        for entry in self.lock().values().filter(|entry| entry.progress.is_overdue(now)) {
            entry.close.cancel();
        }
    }

    /// Closes all connections.
    pub fn close_all(&self) {
        self.lock().values().for_each(|entry| entry.close.cancel());
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<u64, ConnectionEntry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Closes the most dispensable of the selected connections, and removes it from the table. `None` if all of them are
/// busy.
fn give_way(
    entries: &mut HashMap<u64, ConnectionEntry>,
    now: Instant,
    meant: impl Fn(&ConnectionEntry) -> bool,
) -> Option<()> {
    let candidates = entries.iter().filter(|(_, entry)| meant(entry) && !entry.close.is_cancelled());
    let ranked = candidates.filter_map(|(number, entry)| Some((entry.progress.dispensable(now)?, *number)));
    // Of those that have waited equally long, the older.
    let (_, number) = ranked.max_by_key(|(dispensable, number)| (*dispensable, std::cmp::Reverse(*number)))?;
    let entry = entries.remove(&number)?;
    entry.close.cancel();
    Some(())
}

impl Slot {
    /// Completes when the connection has to close.
    pub fn closed(&self) -> WaitForCancellationFuture<'_> {
        self.close.cancelled()
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut entries = self.table.lock();
        // If this connection has given way, the number may belong to another by now.
        if entries.get(&self.number).is_some_and(|entry| Arc::ptr_eq(&entry.progress, &self.progress)) {
            entries.remove(&self.number);
        }
        drop(entries);
        self.table.ended.notify_waiters();
    }
}

/// What counts as one client: an IPv4 address, in any notation, or an IPv6 network of 64 bits, the smallest that a
/// subscriber gets (RFC 6177 §2).
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        address @ IpAddr::V4(_) => address,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

    use super::{super::Patience, *};

    const SECOND: Duration = Duration::from_secs(1);

    fn table(connections: usize, per_address: Option<usize>) -> Arc<ConnectionTable> {
        Arc::new(ConnectionTable::new(ConnectionLimits { connections, per_address, patience: Patience::DEFAULT }))
    }

    fn address(text: &str) -> IpAddr {
        network(text.parse().unwrap())
    }

    #[test]
    fn who_has_waited_longest_for_a_request_gives_way() {
        let (table, begun, one) = (table(3, None), Instant::now(), address("192.0.2.1"));
        let places: Vec<_> = (0..3_u32).map(|second| table.place(one, begun + second * SECOND).unwrap()).collect();
        places[0].progress.request_begins(begun + 4 * SECOND);
        let fourth = table.place(address("192.0.2.2"), begun + 5 * SECOND).unwrap();
        let closed: Vec<_> = places.iter().chain([&fourth]).map(|place| place.close.is_cancelled()).collect();
        assert_eq!(closed, [false, true, false, false]);
        // Its place belongs to another connection, also after it ends.
        drop(places);
        assert_eq!(table.lock().len(), 1);
    }

    #[test]
    fn busy_connections_stay_and_others_wait_or_are_refused() {
        let (all, begun) = (table(2, Some(1)), Instant::now());
        let (one, two) = (address("192.0.2.1"), address("192.0.2.2"));
        let first = all.place(one, begun).unwrap();
        first.progress.request_begins(begun);
        assert_eq!(all.place(one, begun).unwrap_err(), ConnectionsFull::Address);
        let second = all.place(two, begun).unwrap();
        second.progress.request_begins(begun);
        let third = address("192.0.2.3");
        assert_eq!(all.place(third, begun).unwrap_err(), ConnectionsFull::Port);
        // A client that does not read its answer does not keep others out for long.
        second.progress.answer_is_stuck(begun);
        assert_eq!(all.place(third, begun + SECOND).unwrap_err(), ConnectionsFull::Port);
        assert!(all.place(third, begun + 40 * SECOND).is_ok());
        assert!(second.close.is_cancelled() && !first.close.is_cancelled());
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_that_ends_makes_room() {
        let (table, one) = (table(1, None), address("192.0.2.1"));
        let first = table.admit(one).await.unwrap();
        first.progress.request_begins(Instant::now());
        let waiting = tokio::spawn({
            let table = Arc::clone(&table);
            async move { table.admit(one).await.is_ok() }
        });
        tokio::time::sleep(3 * SECOND).await;
        assert!(!waiting.is_finished());
        drop(first);
        assert!(waiting.await.unwrap());
    }

    #[test]
    fn a_network_of_ipv6_is_one_client() {
        for (text, same) in
            [("2001:db8::1", "2001:db8::ffff:1"), ("::ffff:192.0.2.1", "192.0.2.1"), ("192.0.2.1", "192.0.2.1")]
        {
            assert_eq!(address(text), address(same));
        }
        assert_ne!(address("2001:db8::1"), address("2001:db8:0:1::1"));
        assert_ne!(address("192.0.2.1"), address("192.0.2.2"));
    }
}
