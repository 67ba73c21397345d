//! One stream: divides its data into access units and gives those their times. A packet's time stamps are those of the
//! first unit that begins in it (ISO/IEC 13818-1 §2.4.3.7). The others follow by the duration of sound, or of MPEG
//! video pictures. Units of other codecs wait for the next one with a time stamp.

mod follows;
mod shown;

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use self::follows::Follows;
use self::shown::{Dated, ShownPictures};
use super::clock::{Hand, ProgramClock, SECOND, by_clock, composition, distance, possible};
use super::codec::MpegCodec;
use super::scan::{FINE, Scan, ScanEvent, ScanFinding, USUAL};
use crate::codec::{PictureOrder, PictureReordering, StreamProperties, UnitStart};
use crate::container::notes::Notes;
use crate::media::{Kind, Private, Run, Ticks};

/// How much of an access unit is examined to decide whether it is a random access point. Captions may be kilobytes.
const OPENING: usize = 8 << 10;
/// The maximum number of access units that wait for the one that determines their decode or presentation times.
const MAX_PENDING: usize = 256;

/// A packet or a part of one.
#[derive(Clone, Copy, Debug)]
pub struct PacketSlice<'a> {
    /// The headers before its data; `None` if the data continue the previous packet.
    pub header: Option<PacketHeaders>,
    /// The offset in the file of its data.
    pub offset: u64,
    pub data: &'a [u8],
}

/// The headers before the data of a packet.
#[derive(Clone, Copy, Debug)]
pub struct PacketHeaders {
    /// The offset in the file where reading must begin for this packet: its pack, or the packet itself.
    pub pack: u64,
    /// Its time stamps.
    pub times: Option<(u64, u64)>,
}

/// A random access point.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Entrance {
    /// The `pack` of the packet that it begins in.
    pub pack: u64,
    pub time: i64,
}

/// A stream while its packets arrive.
#[derive(Serialize, Deserialize)]
pub struct UnitReader {
    codec: MpegCodec,
    scan: Scan,
    /// Empty between packets.
    #[serde(skip)]
    events: Vec<ScanEvent>,
    hand: Hand,
    /// The time stamps of the last packet, until a unit takes them, and the offset of its pack.
    stamp: Option<(u64, u64)>,
    pack: u64,
    /// The end of the last data.
    behind: u64,
    open: Option<OpenUnit>,
    /// Units that have ended, but whose duration or presentation time is still unknown.
    pending: VecDeque<Pending>,
    /// Complete units that wait for their element.
    pub done: VecDeque<Run>,
    /// What random access points say of the stream, each with its offset; one that says the same as the one before is left out. At
    /// most [`MAX_PENDING`]: the oldest go first.
    pub said: VecDeque<(u64, StreamProperties)>,
    follows: Follows,
    order: PictureReordering,
    shown: ShownPictures,
    /// The decode time of the last unit.
    decode: Ticks,
    /// The first random access point that became known in the current packet.
    entered: Option<Entrance>,
    /// The duration of the last unit whose duration was known.
    usual: Ticks,
    /// The number of bytes of data.
    pub bytes: u64,
}

/// A unit that has not ended.
#[derive(Serialize, Deserialize)]
struct OpenUnit {
    run: Run,
    pack: u64,
    /// Its own time stamps.
    stamp: Option<(u64, u64)>,
    /// Its decode and presentation times are known.
    timed: bool,
    shown: bool,
    /// The decode time of the last unit before it that has one, in [`FINE`] parts of ticks.
    since: Option<i64>,
    /// It has been reported as a random access point.
    told: bool,
    /// Its position in presentation order.
    place: PictureOrder,
    /// Its beginning, until it is known whether it is a random access point and which picture it is.
    opening: Option<Vec<u8>>,
}

#[derive(Serialize, Deserialize)]
struct Pending {
    run: Run,
    pack: u64,
    place: PictureOrder,
    /// Its decode and presentation times are known.
    timed: bool,
    shown: bool,
}

impl UnitReader {
    pub fn new(codec: MpegCodec) -> Self {
        Self {
            codec,
            scan: Scan::new(codec),
            order: codec.order(),
            shown: ShownPictures::default(),
            events: Vec::new(),
            hand: Hand::default(),
            stamp: None,
            pack: 0,
            behind: 0,
            open: None,
            pending: VecDeque::new(),
            done: VecDeque::new(),
            said: VecDeque::new(),
            follows: Follows::default(),
            decode: Ticks(i64::MIN / 4),
            entered: None,
            usual: Ticks::ZERO,
            bytes: 0,
        }
    }

    /// Takes the next packet, and returns a random access point if one has become known.
    pub fn packet(&mut self, packet: PacketSlice<'_>, clock: &mut ProgramClock, notes: &mut Notes) -> Option<Entrance> {
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
    const fn take_header(&mut self, header: Option<PacketHeaders>) {
        if let Some(PacketHeaders { pack, times }) = header {
            (self.stamp, self.pack) = (times, pack);
        }
    }

    fn event(&mut self, event: &ScanEvent, clock: &mut ProgramClock, notes: &mut Notes) {
        match event.what {
            ScanFinding::Begin => {
                self.begin(event, notes);
                if self.open.as_ref().is_some_and(|open| open.stamp.is_some()) {
                    self.date(None, clock, notes);
                }
            }
            ScanFinding::Headers => self.begin(event, notes),
            ScanFinding::Picture { reference, lasts } => {
                let later = self.has_stamp_of_the_next(lasts);
                if let Some(open) = self.open.as_mut().filter(|open| open.stamp.is_none() && !later) {
                    open.stamp = self.stamp.take();
                }
                self.date(Some((lasts, reference)), clock, notes);
            }
            ScanFinding::Lasts(lasts) => self.follows.lasts = lasts,
            ScanFinding::Frame { samples, rate } => {
                self.begin(event, notes);
                let lasts = i64::from(samples) * SECOND * FINE / i64::from(rate.max(1));
                self.date(Some((lasts, false)), clock, notes);
            }
        }
    }

    /// Whether the current time stamps belong to the picture after the open one, which has this duration. Its headers
    /// may have begun in the previous packet: for some multiplexers a picture begins with its headers, for the standard
    /// (ISO/IEC 13818-1 §2.4.3.7) after them.
    fn has_stamp_of_the_next(&self, lasts: i64) -> bool {
        let (Some((_, decoded)), Some(next)) = (self.stamp, self.follows.next()) else { return false };
        let (_, zero) = self.hand.clock();
        let ahead = distance(zero.wrapping_add_signed(next / FINE), decoded) * FINE;
        (lasts / 2..lasts * 3 / 2).contains(&ahead)
    }

    /// Begins a unit where the previous one ends.
    fn begin(&mut self, event: &ScanEvent, notes: &mut Notes) {
        self.end(event.before, notes);
        let run = Run {
            decode: Ticks::ZERO,
            composition: Ticks::ZERO,
            duration: Ticks::ZERO,
            offset: event.offset,
            size: 0,
            count: 1,
            sync: self.codec.kind() != Kind::Video,
            disposable: false,
            private: Private::NONE,
        };
        self.open = Some(OpenUnit {
            pack: self.pack,
            stamp: self.stamp.take(),
            timed: false,
            shown: false,
            since: None,
            told: false,
            place: PictureOrder::Unknown,
            opening: (!run.sync).then(|| event.carried.clone()),
            run,
        });
    }

    /// Gives the open unit its times: by its stamp, otherwise after the previous unit if the duration of that is known.
    fn date(&mut self, known: Option<(i64, bool)>, clock: &mut ProgramClock, notes: &mut Notes) {
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
        // A picture that others refer to is presented when the next of them is decoded.
        if reference {
            for pending in self.pending.iter_mut().filter(|pending| !pending.shown) {
                (pending.run.composition, pending.shown) = (decode - pending.run.decode, true);
            }
        }
        self.lasts_until(Some(decode));
        self.complete(0);
        self.enter();
    }

    /// Sets the duration of the last ended unit to the time until the next is decoded, if both times are known.
    fn lasts_until(&mut self, next: Option<Ticks>) {
        if let Some(last) = self.pending.back_mut().filter(|last| last.timed) {
            let until = next.map(|next| next - last.run.decode).filter(|lasts| (1..10 * SECOND).contains(&lasts.0));
            last.run.duration = until.unwrap_or(self.usual);
            self.usual = last.run.duration;
        }
    }

    /// Gives times to the ended units without them: those between the one decoded at `since` and `next`.
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

    /// Checks whether the open unit is a random access point and which picture it is, using the data seen now.
    fn show(&mut self, data: &[u8], last: bool) {
        let Some(open) = &mut self.open else { return };
        let Some(bytes) = &mut open.opening else { return };
        let room = OPENING.saturating_sub(bytes.len()).min(data.len());
        bytes.extend_from_slice(data.get(..room).unwrap_or_default());
        let last = last || bytes.len() >= OPENING;
        let UnitStart::Access(sync) = self.codec.access(bytes, false, last) else { return };
        let Some(place) = self.order.place(bytes, last) else { return };
        if sync
            && let Some(says) = self.codec.properties(bytes)
            && self.said.back().is_none_or(|(_, last)| *last != says)
        {
            self.said.push_back((open.run.offset, says));
            let enough = self.said.len() > MAX_PENDING;
            self.said.pop_front_if(|_| enough);
        }
        (open.run.sync, open.place, open.opening) = (sync, place, None);
        self.enter();
    }

    /// Reports the open unit as a random access point once that and its times are known. From its times those before it
    /// get theirs.
    fn enter(&mut self) {
        let Some(open) = self.open.as_mut().filter(|open| open.timed && open.opening.is_none()) else { return };
        if std::mem::replace(&mut open.told, true) {
            return;
        }
        let OpenUnit { pack, place, since, ref run, .. } = *open;
        let (sync, time, shown) = (run.sync, run.decode.0, run.presentation().0 * FINE);
        let dated = Dated { place, decoded: time * FINE, shown };
        self.fill(since, Some(&dated));
        self.shown.goes_on(dated, sync);
        self.complete(0);
        if sync {
            self.entered.get_or_insert(Entrance { pack, time });
        }
    }

    /// Ends the open unit before this offset of the file. A unit without a time and a known presentation order is
    /// merged into the previous one; a unit before the first time is dropped.
    fn end(&mut self, before: u64, notes: &mut Notes) {
        self.show(&[], true);
        let Some(OpenUnit { run, pack, place, timed, shown, .. }) = self.open.take() else { return };
        if !timed && (self.follows.decoded.is_none() || !self.scan.has_times_by_stamps_alone()) {
            return;
        }
        let joins = !timed && (place == PictureOrder::Field || place == PictureOrder::Unknown && !run.sync);
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

    /// Marks fully known units as complete, except the last `last`, which wait for the unit after them.
    fn complete(&mut self, last: usize) {
        while self.pending.len() > last {
            let ends = self.pending.get(1).is_none_or(|next| next.timed);
            let enough = self.pending.len() > MAX_PENDING;
            let known = |pending: &mut Pending| enough || pending.timed && pending.shown && ends;
            let Some(Pending { run, .. }) = self.pending.pop_front_if(known) else { return };
            self.done.push_back(run);
        }
    }

    /// What follows does not continue from here: all units end.
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

    /// The number of units that have ended but were not passed on.
    pub fn waiting(&self) -> usize {
        self.pending.len() + self.done.len()
    }

    /// The offset of the first unit that is not done.
    pub fn waits_from(&self) -> Option<u64> {
        let pending = self.pending.front().map(|pending| pending.run.offset);
        pending.or(self.open.as_ref().map(|open| open.run.offset))
    }

    /// The current time.
    pub fn time(&self) -> i64 {
        self.follows.decoded.unwrap_or(0) / FINE
    }
}
