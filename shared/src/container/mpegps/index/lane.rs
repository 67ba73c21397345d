//! One track: its data become access units, and those get their times. A packet's time stamps are of the first that begins in it
//! (ISO/IEC 13818-1 §2.4.3.7); the others follow on by how long sound lasts, and pictures are shown.

use std::collections::VecDeque;

use crate::container::mpeg::clock::{Clock, Hand, SECOND, distance};
use crate::container::mpeg::codec::{Codec, Start};
use crate::container::mpegps::scan::{Event, FINE, Scan, What};
use crate::container::notes::Notes;
use crate::media::{Kind, Run, Ticks};

/// How much of an access unit is looked at to find out whether decoding can begin at it. Captions may be kilobytes.
const OPENING: usize = 8 << 10;
/// By how much presentation may be ahead of decoding or behind it.
const MAX_COMPOSITION: i64 = 20 * SECOND;
/// How many access units may wait for the picture that tells when one of them is shown.
const MAX_PENDING: usize = 256;

/// A packet of the track.
#[derive(Clone, Copy, Debug)]
pub struct Packet<'a> {
    /// Where the pack begins that it is in.
    pub pack: u64,
    /// Where in the file its data begin.
    pub offset: u64,
    pub data: &'a [u8],
    /// Its time stamps.
    pub times: Option<(u64, u64)>,
}

/// An access unit that decoding can begin at.
#[derive(Clone, Copy, Debug)]
pub struct Entrance {
    /// Where the pack begins that it begins in.
    pub pack: u64,
    pub time: i64,
}

/// A track, as its packets come.
pub struct Lane {
    codec: Codec,
    scan: Scan,
    events: Vec<Event>,
    hand: Hand,
    /// The time stamps of the last packet, if nothing has taken them yet, and where the pack begins that it is in.
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
struct Open {
    run: Run,
    pack: u64,
    /// The time stamps that it has of its own.
    stamp: Option<(u64, u64)>,
    /// Its times are known, and when it is shown.
    timed: bool,
    shown: bool,
    /// It was told that decoding can begin at it.
    told: bool,
    /// What was seen of its beginning, until it is known whether decoding can begin there.
    opening: Option<Vec<u8>>,
}

struct Pending {
    run: Run,
    /// When it is shown is known.
    shown: bool,
}

/// When the next unit is decoded, which has no time stamp: in [`FINE`] parts of ticks.
#[derive(Clone, Copy, Debug, Default)]
struct Follows {
    /// When the last was decoded; `None` before the first.
    decoded: Option<i64>,
    /// How long the last one lasts, whether others may refer to it, and how long the one lasts that did before.
    lasts: i64,
    reference: bool,
    before: i64,
    /// Pictures that others refer to are shown only when the next of them is decoded.
    reorders: bool,
}

impl Follows {
    /// When the next is decoded: when the picture ends that is shown while the last is decoded.
    fn next(&self) -> Option<i64> {
        let shown = if self.reference && self.reorders && self.before > 0 { self.before } else { self.lasts };
        self.decoded.map(|decoded| decoded.saturating_add(shown))
    }

    /// A unit that is decoded at this time.
    fn goes_on(&mut self, decoded: i64, lasts: i64, reference: bool) {
        if self.reference {
            self.before = self.lasts;
        }
        (self.decoded, self.lasts, self.reference) = (Some(decoded), lasts, reference);
    }
}

impl Lane {
    pub fn new(codec: Codec) -> Self {
        Self {
            codec,
            scan: Scan::new(codec),
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
        let (mut shown, mut before) = (0, true);
        for event in events.drain(..) {
            if let Some(at) = event.at {
                if std::mem::take(&mut before) {
                    (self.stamp, self.pack) = (packet.times, packet.pack);
                }
                self.show(packet.data.get(shown..at).unwrap_or_default(), false);
                shown = at;
            }
            self.event(&event, clock, notes);
        }
        if before {
            (self.stamp, self.pack) = (packet.times, packet.pack);
        }
        self.events = events;
        self.behind = packet.offset + packet.data.len() as u64;
        self.show(packet.data.get(shown..).unwrap_or_default(), false);
        self.entered.take()
    }

    fn event(&mut self, event: &Event, clock: &mut Clock, notes: &mut Notes) {
        match event.what {
            What::Begin if self.stamp.is_some() => {
                self.begin(event, notes);
                self.date(None, clock, notes);
            }
            // Without a time of its own, it goes with the one before.
            What::Begin => {}
            What::Headers => self.begin(event, notes),
            What::Picture { reference, lasts } => {
                if let Some(open) = self.open.as_mut().filter(|open| open.stamp.is_none()) {
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
            description: 1,
            header: 0,
        };
        let (pack, stamp, opening) = (self.pack, self.stamp.take(), (!run.sync).then(|| event.carried.clone()));
        self.open = Some(Open { run, pack, stamp, timed: false, shown: false, told: false, opening });
    }

    /// The open unit gets its times: by its stamp, else it follows on the one before, where it is known how long those last.
    fn date(&mut self, known: Option<(i64, bool)>, clock: &mut Clock, notes: &mut Notes) {
        let Some(open) = self.open.as_mut().filter(|open| !open.timed) else { return };
        let (lasts, reference) = known.unwrap_or_default();
        let (decoded, composition) = if let Some((presented, decoded)) = open.stamp {
            let (time, anew) = clock.read(&mut self.hand, decoded);
            if anew {
                notes.at(open.run.offset, "the time stamps begin anew: what follows is laid behind what was before");
            }
            let ahead = distance(decoded, presented);
            let ahead = if ahead.abs() <= MAX_COMPOSITION { ahead } else { 0 };
            if reference {
                self.follows.reorders = ahead > 0;
            }
            (time * FINE, Some(Ticks(ahead)))
        } else {
            let Some(next) = self.follows.next() else { return };
            (next, (!reference || !self.follows.reorders).then_some(Ticks::ZERO))
        };
        self.follows.goes_on(decoded, lasts, reference);
        let decode = Ticks(decoded / FINE).max(self.decode);
        self.decode = decode;
        open.run.decode = decode;
        open.run.composition = composition.map_or(Ticks::ZERO, |ahead| Ticks(decoded / FINE) + ahead - decode);
        open.run.description = u16::try_from(self.hand.clock().0).unwrap_or(u16::MAX - 1) + 1;
        (open.timed, open.shown) = (true, composition.is_some());
        // The picture that others refer to is shown when the next of them is decoded.
        if reference {
            for pending in self.pending.iter_mut().filter(|pending| !pending.shown) {
                (pending.run.composition, pending.shown) = (decode - pending.run.decode, true);
            }
        }
        if let Some(last) = self.pending.back_mut() {
            let until = Some(decode - last.run.decode).filter(|lasts| (1..10 * SECOND).contains(&lasts.0));
            last.run.duration = until.unwrap_or(self.usual);
            self.usual = last.run.duration;
        }
        self.complete(0);
        self.enter();
    }

    /// Looks whether decoding can begin at the open unit, of which this was seen now.
    fn show(&mut self, data: &[u8], last: bool) {
        let Some(open) = &mut self.open else { return };
        let Some(bytes) = &mut open.opening else { return };
        let room = OPENING.saturating_sub(bytes.len()).min(data.len());
        bytes.extend_from_slice(data.get(..room).unwrap_or_default());
        match self.codec.access(bytes, false, last || bytes.len() >= OPENING) {
            Start::Undecided => return,
            Start::Access(sync) => open.run.sync = sync,
        }
        open.opening = None;
        self.enter();
    }

    /// Tells that decoding can begin at the open unit, once that and its times are known.
    fn enter(&mut self) {
        let Some(open) = &mut self.open else { return };
        let enters = open.timed && open.run.sync;
        if enters && !std::mem::replace(&mut open.told, enters) {
            self.entered.get_or_insert(Entrance { pack: open.pack, time: open.run.decode.0 });
        }
    }

    /// The open unit ends before this offset of the file. One without a time is none.
    fn end(&mut self, before: u64, notes: &mut Notes) {
        self.show(&[], true);
        let Some(Open { mut run, timed, shown, .. }) = self.open.take() else { return };
        if !timed {
            return;
        }
        match u32::try_from(before.saturating_sub(run.offset)) {
            Ok(0) => {}
            Ok(size) => {
                run.size = size;
                self.pending.push_back(Pending { run, shown });
                self.complete(1);
            }
            Err(_) => notes.at(run.offset, "a picture or a frame of more than 4 GiB is passed over"),
        }
    }

    /// Units are complete of which all is known; so many of the last wait for the one behind them.
    fn complete(&mut self, last: usize) {
        while self.pending.len() > last {
            let enough = self.pending.len() > MAX_PENDING;
            let Some(Pending { run, .. }) = self.pending.pop_front_if(|pending| pending.shown || enough) else {
                return;
            };
            self.done.push_back(run);
        }
    }

    /// What follows does not go on from here: all units end.
    pub fn interrupt(&mut self, notes: &mut Notes) {
        self.end(self.behind, notes);
        let next = self.follows.next().map(|next| Ticks(next / FINE));
        for pending in &mut self.pending {
            if let (false, Some(next)) = (pending.shown, next) {
                pending.run.composition = (next - pending.run.decode).max(Ticks::ZERO);
            }
            pending.shown = true;
        }
        if let Some(last) = self.pending.back_mut() {
            let until = next.map(|next| next - last.run.decode).filter(|lasts| (1..10 * SECOND).contains(&lasts.0));
            last.run.duration = until.unwrap_or(self.usual);
        }
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

    /// Which clock its times are by: how often it was set anew, and which time stamp is its zero.
    pub const fn clock(&self) -> (u32, u64) {
        self.hand.clock()
    }

    /// The time that it has come to.
    pub fn time(&self) -> i64 {
        self.follows.decoded.unwrap_or(0) / FINE
    }
}
