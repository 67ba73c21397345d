//! One stream: its data become access units, and those get their times. A packet's time stamps are of the first that begins in it
//! (ISO/IEC 13818-1 §2.4.3.7); the others follow on by how long sound lasts, and pictures of MPEG video are shown. Those of
//! other codecs wait for the next that has one.

mod follows;
mod shown;

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use self::follows::Follows;
use self::shown::{Dated, Shown};
use super::clock::{Clock, Hand, SECOND, by_clock, composition, distance, possible};
use super::codec::Codec;
use super::scan::{Event, FINE, Scan, USUAL, What};
use crate::codec::{Order, Place, Start};
use crate::container::notes::Notes;
use crate::media::{Kind, Private, Run, Ticks};

/// How much of an access unit is looked at to find out whether decoding can begin at it. Captions may be kilobytes.
const OPENING: usize = 8 << 10;
/// How many access units may wait for the one that tells when one of them is decoded or shown.
const MAX_PENDING: usize = 256;

/// A packet, or a part of one.
#[derive(Clone, Copy, Debug)]
pub struct Packet<'a> {
    /// What stands before its data; `None`: they go on with the packet before.
    pub header: Option<Header>,
    /// Where in the file its data begin.
    pub offset: u64,
    pub data: &'a [u8],
}

/// What stands before the data of a packet.
#[derive(Clone, Copy, Debug)]
pub struct Header {
    /// Where in the file that begins with which the packet has to be read: its pack, or itself.
    pub pack: u64,
    /// Its time stamps.
    pub times: Option<(u64, u64)>,
}

/// An access unit that decoding can begin at.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Entrance {
    /// That of the header of the packet that it begins in.
    pub pack: u64,
    pub time: i64,
}

/// A stream, as its packets come.
#[derive(Serialize, Deserialize)]
pub struct Lane {
    codec: Codec,
    scan: Scan,
    /// Empty between packets.
    #[serde(skip)]
    events: Vec<Event>,
    hand: Hand,
    /// The time stamps of the last packet, if nothing has taken them yet, and where its pack begins.
    stamp: Option<(u64, u64)>,
    pack: u64,
    /// Where the last data ended.
    behind: u64,
    open: Option<Open>,
    /// Units that have ended, of which it is not yet known how long they last or when they are shown.
    pending: VecDeque<Pending>,
    /// Units of which all is known, that wait for their element.
    pub done: VecDeque<Run>,
    follows: Follows,
    order: Order,
    shown: Shown,
    /// When the last unit is decoded.
    decode: Ticks,
    /// The first unit that decoding can begin at, of those that became known in the packet at hand.
    entered: Option<Entrance>,
    /// How long the last unit lasted of which that was known.
    usual: Ticks,
    /// Bytes of data.
    pub bytes: u64,
}

/// A unit that has not ended.
#[derive(Serialize, Deserialize)]
struct Open {
    run: Run,
    pack: u64,
    /// The time stamps that it has of its own.
    stamp: Option<(u64, u64)>,
    /// Its times are known, and when it is shown.
    timed: bool,
    shown: bool,
    /// When the one before was decoded that has a time, in [`FINE`] parts of ticks.
    since: Option<i64>,
    /// It was told that decoding can begin at it.
    told: bool,
    /// Which picture it is.
    place: Place,
    /// What was seen of its beginning, until it is known whether decoding can begin there and which picture it is.
    opening: Option<Vec<u8>>,
}

#[derive(Serialize, Deserialize)]
struct Pending {
    run: Run,
    pack: u64,
    place: Place,
    /// When it is decoded is known, and when it is shown.
    timed: bool,
    shown: bool,
}

impl Lane {
    pub fn new(codec: Codec) -> Self {
        Self {
            codec,
            scan: Scan::new(codec),
            order: codec.order(),
            shown: Shown::default(),
            events: Vec::new(),
            hand: Hand::default(),
            stamp: None,
            pack: 0,
            behind: 0,
            open: None,
            pending: VecDeque::new(),
            done: VecDeque::new(),
            follows: Follows::default(),
            decode: Ticks(i64::MIN / 4),
            entered: None,
            usual: Ticks::ZERO,
            bytes: 0,
        }
    }

    /// Takes the next packet, and says at what decoding can begin, if that has become known of anything.
    pub fn packet(&mut self, packet: Packet<'_>, clock: &mut Clock, notes: &mut Notes) -> Option<Entrance> {
        let mut events = std::mem::take(&mut self.events);
        self.scan.push(packet.offset, self.behind, packet.data, &mut events);
        self.bytes += packet.data.len() as u64;
        let (mut shown, mut header) = (0, packet.header);
        for event in events.drain(..) {
            if let Some(at) = event.at {
                self.take_header(header.take());
                self.show(packet.data.get(shown..at).unwrap_or_default(), false);
                shown = at;
            }
            self.event(&event, clock, notes);
        }
        self.take_header(header);
        self.events = events;
        self.behind = packet.offset + packet.data.len() as u64;
        self.show(packet.data.get(shown..).unwrap_or_default(), false);
        self.entered.take()
    }

    /// The first unit that begins from here on gets these time stamps.
    const fn take_header(&mut self, header: Option<Header>) {
        if let Some(Header { pack, times }) = header {
            (self.stamp, self.pack) = (times, pack);
        }
    }

    fn event(&mut self, event: &Event, clock: &mut Clock, notes: &mut Notes) {
        match event.what {
            What::Begin => {
                self.begin(event, notes);
                if self.open.as_ref().is_some_and(|open| open.stamp.is_some()) {
                    self.date(None, clock, notes);
                }
            }
            What::Headers => self.begin(event, notes),
            What::Picture { reference, lasts } => {
                let later = self.has_stamp_of_the_next(lasts);
                if let Some(open) = self.open.as_mut().filter(|open| open.stamp.is_none() && !later) {
                    open.stamp = self.stamp.take();
                }
                self.date(Some((lasts, reference)), clock, notes);
            }
            What::Lasts(lasts) => self.follows.lasts = lasts,
            What::Frame { samples, rate } => {
                self.begin(event, notes);
                let lasts = i64::from(samples) * SECOND * FINE / i64::from(rate.max(1));
                self.date(Some((lasts, false)), clock, notes);
            }
        }
    }

    /// Whether the time stamps at hand are of the picture behind the open one, which lasts so long. Its headers may have begun in
    /// the packet before: to some multiplexers it begins with those, to the standard (ISO/IEC 13818-1 §2.4.3.7) behind them.
    fn has_stamp_of_the_next(&self, lasts: i64) -> bool {
        let (Some((_, decoded)), Some(next)) = (self.stamp, self.follows.next()) else { return false };
        let (_, zero) = self.hand.clock();
        let ahead = distance(zero.wrapping_add_signed(next / FINE), decoded) * FINE;
        (lasts / 2..lasts * 3 / 2).contains(&ahead)
    }

    /// A unit begins, where the one before it ends.
    fn begin(&mut self, event: &Event, notes: &mut Notes) {
        self.end(event.before, notes);
        let run = Run {
            decode: Ticks::ZERO,
            composition: Ticks::ZERO,
            duration: Ticks::ZERO,
            offset: event.offset,
            size: 0,
            count: 1,
            sync: self.codec.kind() != Kind::Video,
            private: Private::NONE,
        };
        self.open = Some(Open {
            pack: self.pack,
            stamp: self.stamp.take(),
            timed: false,
            shown: false,
            since: None,
            told: false,
            place: Place::Unknown,
            opening: (!run.sync).then(|| event.carried.clone()),
            run,
        });
    }

    /// The open unit gets its times: by its stamp, else it follows on the one before, where it is known how long those last.
    fn date(&mut self, known: Option<(i64, bool)>, clock: &mut Clock, notes: &mut Notes) {
        let Some(open) = self.open.as_mut().filter(|open| !open.timed) else { return };
        let (lasts, reference) = known.unwrap_or_default();
        let (decoded, composition) = if let Some(stamp) = open.stamp {
            let (time, anew) = clock.read(&mut self.hand, stamp.1);
            if anew {
                notes.at(open.run.offset, "the time stamps begin anew: what follows is laid behind what was before");
            }
            let ahead = composition(stamp);
            if reference {
                self.follows.reorders = ahead > 0;
            }
            (time * FINE, Some(Ticks(ahead)))
        } else {
            let Some(next) = self.follows.next() else { return };
            self.hand.goes_on(next / FINE, lasts / FINE);
            (next, (!reference || !self.follows.reorders).then_some(Ticks::ZERO))
        };
        open.since = self.follows.decoded;
        self.follows.goes_on(decoded, lasts, reference);
        let decode = Ticks(decoded / FINE).max(self.decode);
        self.decode = decode;
        open.run.decode = decode;
        open.run.composition = composition.map_or(Ticks::ZERO, |ahead| Ticks(decoded / FINE) + ahead - decode);
        open.run.private = by_clock(self.hand.clock().0);
        (open.timed, open.shown) = (true, composition.is_some());
        // The picture that others refer to is shown when the next of them is decoded.
        if reference {
            for pending in self.pending.iter_mut().filter(|pending| !pending.shown) {
                (pending.run.composition, pending.shown) = (decode - pending.run.decode, true);
            }
        }
        self.lasts_until(Some(decode));
        self.complete(0);
        self.enter();
    }

    /// The last unit that has ended lasts until the next is decoded, if both times are known.
    fn lasts_until(&mut self, next: Option<Ticks>) {
        if let Some(last) = self.pending.back_mut().filter(|last| last.timed) {
            let until = next.map(|next| next - last.run.decode).filter(|lasts| (1..10 * SECOND).contains(&lasts.0));
            last.run.duration = until.unwrap_or(self.usual);
            self.usual = last.run.duration;
        }
    }

    /// The units get their times that have ended without: those between one that was decoded at `since` and `next`.
    fn fill(&mut self, since: Option<i64>, next: Option<&Dated>) {
        let (Some(first), Some(since)) = (self.pending.iter().position(|pending| !pending.timed), since) else {
            return;
        };
        let count = i64::try_from(self.pending.len() - first).unwrap_or(i64::MAX);
        let gap = next.map(|next| next.decoded - since).filter(|gap| (0..10 * SECOND * FINE).contains(gap));
        let usual = if self.usual.0 > 0 { self.usual.0 * FINE } else { USUAL };
        let lasts = gap.map_or(usual, |gap| gap / (count + 1));
        let before = first.checked_sub(1).and_then(|before| self.pending.get(before)).map(|before| &before.run);
        let (begin, private) = before.map_or((self.decode, Private::NONE), |before| (before.decode, before.private));
        let mut end = next.map(|next| Ticks(next.decoded / FINE));
        for (nth, pending) in (1..).zip(self.pending.range_mut(first..)) {
            let decoded = since + lasts * nth;
            let decode = Ticks(decoded / FINE).max(begin).min(end.unwrap_or(Ticks(i64::MAX)));
            let ahead = self.shown.of(pending.place, decoded, lasts, next) / FINE - decode.0;
            let composition = Ticks(possible(ahead));
            pending.run = Run { decode, composition, private, ..pending.run.clone() };
            (pending.timed, pending.shown) = (true, true);
            if pending.run.sync {
                self.entered.get_or_insert(Entrance { pack: pending.pack, time: decode.0 });
            }
        }
        for pending in self.pending.range_mut(first.saturating_sub(1)..).rev() {
            let until = end.replace(pending.run.decode).map(|end| end - pending.run.decode);
            let until = until.filter(|until| (1..10 * SECOND).contains(&until.0));
            pending.run.duration = until.unwrap_or(Ticks(lasts / FINE));
        }
        if next.is_none() {
            (self.decode, self.follows.decoded) = (Ticks((since + lasts * count) / FINE), Some(since + lasts * count));
        }
        self.usual = Ticks(lasts / FINE);
    }

    /// Looks whether decoding can begin at the open unit and which picture it is, as far as this was seen now.
    fn show(&mut self, data: &[u8], last: bool) {
        let Some(open) = &mut self.open else { return };
        let Some(bytes) = &mut open.opening else { return };
        let room = OPENING.saturating_sub(bytes.len()).min(data.len());
        bytes.extend_from_slice(data.get(..room).unwrap_or_default());
        let last = last || bytes.len() >= OPENING;
        let Start::Access(sync) = self.codec.access(bytes, false, last) else { return };
        let Some(place) = self.order.place(bytes, last) else { return };
        (open.run.sync, open.place, open.opening) = (sync, place, None);
        self.enter();
    }

    /// Tells that decoding can begin at the open unit, once that and its times are known, by which those before it get
    /// theirs.
    fn enter(&mut self) {
        let Some(open) = self.open.as_mut().filter(|open| open.timed && open.opening.is_none()) else { return };
        if std::mem::replace(&mut open.told, true) {
            return;
        }
        let Open { pack, place, since, ref run, .. } = *open;
        let (sync, time, shown) = (run.sync, run.decode.0, run.presentation().0 * FINE);
        let dated = Dated { place, decoded: time * FINE, shown };
        self.fill(since, Some(&dated));
        self.shown.goes_on(dated, sync);
        self.complete(0);
        if sync {
            self.entered.get_or_insert(Entrance { pack, time });
        }
    }

    /// The open unit ends before this offset of the file. One without a time of which nothing says when it is shown goes
    /// with the one before; one before the first time is none.
    fn end(&mut self, before: u64, notes: &mut Notes) {
        self.show(&[], true);
        let Some(Open { run, pack, place, timed, shown, .. }) = self.open.take() else { return };
        if !timed && (self.follows.decoded.is_none() || !self.scan.has_times_by_stamps_alone()) {
            return;
        }
        let joins = !timed && (place == Place::Field || place == Place::Unknown && !run.sync);
        let joined = if joins { self.pending.pop_back() } else { None };
        let mut pending = joined.unwrap_or(Pending { run, pack, place, timed, shown });
        match u32::try_from(before.saturating_sub(pending.run.offset)) {
            Ok(0) => {}
            Ok(size) => {
                pending.run.size = size;
                self.pending.push_back(pending);
                if self.pending.len() > MAX_PENDING {
                    self.fill(self.follows.decoded, None);
                }
                self.complete(1);
            }
            Err(_) => notes.at(pending.run.offset, "a picture or a frame of more than 4 GiB is passed over"),
        }
    }

    /// Units are complete of which all is known; so many of the last wait for the one behind them.
    fn complete(&mut self, last: usize) {
        while self.pending.len() > last {
            let ends = self.pending.get(1).is_none_or(|next| next.timed);
            let enough = self.pending.len() > MAX_PENDING;
            let known = |pending: &mut Pending| enough || pending.timed && pending.shown && ends;
            let Some(Pending { run, .. }) = self.pending.pop_front_if(known) else { return };
            self.done.push_back(run);
        }
    }

    /// What follows does not go on from here: all units end.
    pub fn interrupt(&mut self, notes: &mut Notes) {
        self.end(self.behind, notes);
        self.fill(self.follows.decoded, None);
        let next = self.follows.next().map(|next| Ticks(next / FINE));
        for pending in &mut self.pending {
            if let (false, Some(next)) = (pending.shown, next) {
                pending.run.composition = (next - pending.run.decode).max(Ticks::ZERO);
            }
            pending.shown = true;
        }
        self.lasts_until(next);
        self.complete(0);
        self.scan.reset();
        (self.stamp, self.follows.decoded) = (None, None);
    }

    /// How many units have ended, and are not given on.
    pub fn waiting(&self) -> usize {
        self.pending.len() + self.done.len()
    }

    /// Where the first unit begins that is not done.
    pub fn waits_from(&self) -> Option<u64> {
        let pending = self.pending.front().map(|pending| pending.run.offset);
        pending.or(self.open.as_ref().map(|open| open.run.offset))
    }

    /// The time that it has come to.
    pub fn time(&self) -> i64 {
        self.follows.decoded.unwrap_or(0) / FINE
    }
}
