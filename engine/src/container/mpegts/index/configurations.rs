//! The configurations that the decoder of a track needs one after the other: which clock the times are of, and what the stream
//! says of itself at its random access points.

use serde::{Deserialize, Serialize};

use crate::codec::StreamProperties;
use crate::media::Ticks;

/// The most configurations that are told apart: a recording of a day has some dozens.
const MAX_KNOWN: usize = 64;

/// The configurations of a track so far.
#[derive(Default, Serialize, Deserialize)]
pub struct Configurations {
    /// The different ones. Their numbers are their places here, from 1 on.
    known: Vec<(u32, Option<StreamProperties>)>,
    /// What the stream said of itself last.
    says: Option<StreamProperties>,
    /// The number of the current one; 0 before the first.
    current: u32,
    /// From which decode time on samples have which of them; not in the index yet.
    changes: Vec<(Ticks, u32)>,
}

impl Configurations {
    /// Notes what a random access point with this decode time needs. One that does not say anything goes on as before.
    pub fn note(&mut self, decode: Ticks, clock: u32, says: Option<StreamProperties>) {
        self.says = says.or(self.says.take());
        let same = |(of, said): &(u32, Option<StreamProperties>)| *of == clock && *said == self.says;
        let at = self.known.iter().position(same).unwrap_or_else(|| {
            if self.known.len() < MAX_KNOWN {
                self.known.push((clock, self.says.clone()));
            }
            self.known.len() - 1
        });
        let number = u32::try_from(at).unwrap_or(u32::MAX).saturating_add(1);
        if std::mem::replace(&mut self.current, number) != number {
            self.changes.push((decode, number));
        }
    }

    /// The changes that have become known since the last call: from which decode time on samples have which configuration.
    pub fn take(&mut self) -> Vec<(Ticks, u32)> {
        std::mem::take(&mut self.changes)
    }

    /// The names of the codecs, each once.
    pub fn codecs(&self) -> Vec<String> {
        let mut codecs: Vec<String> = Vec::new();
        for (_, says) in &self.known {
            if let Some(says) = says.as_ref().filter(|says| !codecs.contains(&says.name)) {
                codecs.push(says.name.clone());
            }
        }
        codecs
    }
}
