//! The report of `reelspan verify`: for people a line for each check, as soon as it is done; for programs everything as
//! JSON.

use std::io::{self, Write};

use serde_json::{Value, json};

use super::media::MediaStructure;
use super::stream::VerifiedStream;
use super::subject::Subject;
use super::verdict::{CheckResult, Stop, Violation};
use crate::CommandError;

/// The number of checks by result.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CheckTally {
    /// The server follows the standard.
    pub passed: usize,
    /// It does not.
    pub failed: usize,
    /// It does not support this part of the protocol, and ignored the request as HTTP requires.
    pub not_offered: usize,
    /// The check had nothing to check.
    pub not_run: usize,
}

impl CheckTally {
    fn count(&mut self, verdict: &CheckResult) {
        match verdict {
            Ok(_) => self.passed += 1,
            Err(Stop::Violated(_)) => self.failed += 1,
            Err(Stop::Ignored(_)) => self.not_offered += 1,
            Err(Stop::NotRun(_)) => self.not_run += 1,
        }
    }

    /// Whether the server conforms: nothing failed; strictly, everything passed.
    pub const fn conforms(self, strict: bool) -> bool {
        self.failed == 0 && (!strict || (self.not_offered == 0 && self.not_run == 0))
    }
}

impl std::fmt::Display for CheckTally {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { passed, failed, not_offered, not_run } = self;
        write!(out, "{passed} passed, {failed} failed, {not_offered} not offered, {not_run} not run")
    }
}

/// A report that is being written.
#[derive(Debug)]
pub struct VerifyReport<W> {
    out: W,
    json: bool,
    /// The results for each URL, for JSON.
    said: Vec<Value>,
    tally: CheckTally,
}

impl<W: Write> VerifyReport<W> {
    /// An empty report.
    pub const fn new(out: W, json: bool) -> Self {
        Self { out, json, said: Vec::new(), tally: CheckTally { passed: 0, failed: 0, not_offered: 0, not_run: 0 } }
    }

    /// Begins a resource, with its properties if it could be fetched whole.
    pub fn begin(&mut self, url: &str, seed: u64, subject: Option<&Subject>) -> Result<(), CommandError> {
        self.tally = CheckTally::default();
        let mime = subject.and_then(|subject| subject.whole.mime());
        let outline = subject.and_then(|subject| subject.media.as_ref().ok()).map(|media| &media.outline);
        self.said.push(json!({
            "url": url,
            "length": subject.map(|subject| subject.whole.len()),
            "type": mime,
            "duration": outline.map(|outline| outline.duration.as_secs_f64()),
            "seed": seed,
            "checks": [],
        }));
        let Some(subject) = subject else { return self.line(&format!("{url}\n")) };
        let structure = match &subject.media {
            Ok(MediaStructure { outline, .. }) => {
                let tracks = outline.tracks.iter().map(|track| format!("{} {}", track.kind.name(), track.id));
                format!("{} s, {}", outline.duration, tracks.collect::<Vec<_>>().join(", "))
            }
            Err(why) => why.clone(),
        };
        let (length, mime) = (subject.whole.len(), mime.unwrap_or("of no type"));
        self.line(&format!("{url}\n{length} bytes, {mime}, {structure}; seed {seed}\n"))
    }

    /// Begins a stream, with its properties if it could be fetched whole.
    pub fn begin_stream(&mut self, url: &str, stream: Option<&VerifiedStream>) -> Result<(), CommandError> {
        self.tally = CheckTally::default();
        let about = stream.map(VerifiedStream::about);
        self.said.push(json!({ "url": url, "stream": about, "checks": [] }));
        self.line(&about.map_or_else(|| format!("{url}\n"), |about| format!("{url}\n{about}\n")))
    }

    /// Reports a resource that could not be verified.
    pub fn not_begun(&mut self, url: &str, why: &str) -> Result<(), CommandError> {
        self.said.push(json!({ "url": url, "error": why }));
        self.line(&format!("{url}\ncould not be verified: {why}\n"))
    }

    /// Reports a check.
    pub fn done(&mut self, name: &str, rule: &str, verdict: &CheckResult) -> Result<(), CommandError> {
        self.tally.count(verdict);
        let mut entry = json!({ "check": name, "rule": rule, "outcome": outcome(verdict) });
        let (text, violation) = match verdict {
            Ok(seen) => (("seen", seen.as_str()), None),
            Err(Stop::NotRun(why)) => (("why", why.as_str()), None),
            Err(Stop::Ignored(violation)) => (("came", violation.came.as_str()), Some(violation)),
            Err(Stop::Violated(violation)) => (("rule", rule), Some(violation)),
        };
        if let Some(entry) = entry.as_object_mut() {
            entry.insert(text.0.to_owned(), text.1.into());
            if let Some(Violation { request, expected, came }) = violation {
                let parts = [("request", request), ("expected", expected), ("came", came)];
                entry.extend(parts.map(|(name, value)| (name.to_owned(), value.as_str().into())));
            }
        }
        if let Some(checks) = self.said.last_mut().and_then(|said| said.get_mut("checks")).and_then(Value::as_array_mut)
        {
            checks.push(entry);
        }
        self.line(format!("{:<11}  {:<14}  {}", outcome(verdict), name, text.1).trim_end())?;
        if let Some(Violation { request, expected, came }) = violation {
            let failed = matches!(verdict, Err(Stop::Violated(_)));
            self.line(&format!("             request   {request}"))?;
            if failed {
                self.line(&format!("             expected  {expected}"))?;
                self.line(&format!("             came      {came}"))?;
            }
        }
        Ok(())
    }

    /// Ends the report of a resource.
    pub fn end(&mut self) -> Result<CheckTally, CommandError> {
        if let Some(said) = self.said.last_mut().and_then(Value::as_object_mut) {
            let CheckTally { passed, failed, not_offered, not_run } = self.tally;
            let counts = [("passed", passed), ("failed", failed), ("not offered", not_offered), ("not run", not_run)];
            said.extend(counts.map(|(name, count)| (name.to_owned(), count.into())));
        }
        self.line(&format!("{}\n", self.tally))?;
        Ok(self.tally)
    }

    /// Ends the report.
    pub fn finish(mut self) -> Result<(), CommandError> {
        if self.json {
            let all = Value::Array(std::mem::take(&mut self.said));
            written(writeln!(self.out, "{all:#}"))?;
        }
        written(self.out.flush())
    }

    fn line(&mut self, text: &str) -> Result<(), CommandError> {
        if self.json {
            return Ok(());
        }
        written(writeln!(self.out, "{text}").and_then(|()| self.out.flush()))
    }
}

const fn outcome(verdict: &CheckResult) -> &'static str {
    match verdict {
        Ok(_) => "passed",
        Err(Stop::Violated(_)) => "failed",
        Err(Stop::Ignored(_)) => "not offered",
        Err(Stop::NotRun(_)) => "not run",
    }
}

/// The reader of a pipe may have read enough; the exit status still matters.
fn written(done: io::Result<()>) -> Result<(), CommandError> {
    match done {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        done => done.map_err(CommandError::failed("standard output")),
    }
}
