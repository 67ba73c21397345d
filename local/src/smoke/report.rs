//! The report: for people a line for each promise, as soon as it was checked; for programs everything as JSON.

use std::io::{self, Write};

use serde_json::{Value, json};

use crate::CommandError;
use crate::verify::verdict::{CheckResult, Stop, Violation};

/// A report that is being written.
#[derive(Debug)]
pub struct SmokeReport<W> {
    out: W,
    json: bool,
    said: Vec<Value>,
    held: usize,
    differ: usize,
    not_run: usize,
}

impl<W: Write> SmokeReport<W> {
    /// An empty report.
    pub const fn new(out: W, json: bool) -> Self {
        Self { out, json, said: Vec::new(), held: 0, differ: 0, not_run: 0 }
    }

    /// Notes what was found of a promise; returns whether it held.
    pub fn note(
        &mut self,
        place: &'static str,
        promise: &'static str,
        verdict: &CheckResult,
    ) -> Result<bool, CommandError> {
        let mut entry = json!({ "place": place, "promise": promise });
        let (outcome, text, violation) = match verdict {
            Ok(seen) => ("held", seen.as_str(), None),
            Err(Stop::NotRun(why)) => ("not run", why.as_str(), None),
            Err(Stop::Violated(violation) | Stop::Ignored(violation)) => ("differs", "", Some(violation)),
        };
        match outcome {
            "held" => self.held += 1,
            "differs" => self.differ += 1,
            _ => self.not_run += 1,
        }
        if let Some(entry) = entry.as_object_mut() {
            entry.insert("outcome".to_owned(), outcome.into());
            entry.insert("seen".to_owned(), text.into());
            if let Some(Violation { request, expected, came }) = violation {
                let parts = [("request", request), ("expected", expected), ("came", came)];
                entry.extend(parts.map(|(name, value)| (name.to_owned(), value.as_str().into())));
            }
        }
        self.said.push(entry);
        self.line(format!("{outcome:<8} {place:<7} {promise:<15} {text}").trim_end())?;
        if let Some(Violation { request, expected, came }) = violation {
            self.line(&format!("         request   {request}"))?;
            self.line(&format!("         expected  {expected}"))?;
            self.line(&format!("         came      {came}"))?;
        }
        Ok(verdict.is_ok())
    }

    /// Says something that is no promise.
    pub fn say(&mut self, text: &str) -> Result<(), CommandError> {
        self.line(text)
    }

    /// Ends the report.
    ///
    /// # Errors
    ///
    /// [`CommandError::Failed`] unless every promise held.
    pub fn finish(mut self) -> Result<(), CommandError> {
        let (held, differ, not_run) = (self.held, self.differ, self.not_run);
        let counted = format!("{held} held, {differ} differ, {not_run} not run");
        if self.json {
            let all = Value::Array(std::mem::take(&mut self.said));
            written(writeln!(self.out, "{all:#}"))?;
        } else {
            self.line(&counted)?;
        }
        if differ + not_run == 0 { Ok(()) } else { Err(CommandError::Failed(counted)) }
    }

    fn line(&mut self, text: &str) -> Result<(), CommandError> {
        if self.json {
            return Ok(());
        }
        written(writeln!(self.out, "{text}").and_then(|()| self.out.flush()))
    }
}

/// The reader of a pipe may have read enough; the exit status still matters.
fn written(done: io::Result<()>) -> Result<(), CommandError> {
    match done {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        done => done.map_err(CommandError::failed("standard output")),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_report_fails_unless_every_promise_held() {
        let violation = Violation { request: "curl a".into(), expected: "200".into(), came: "403".into() };
        for (verdicts, fails) in [
            (vec![Ok("fine".to_owned())], false),
            (vec![Ok(String::new()), Err(Stop::NotRun("no".to_owned()))], true),
            (vec![Err(Stop::Violated(violation))], true),
        ] {
            let mut out = Vec::new();
            let mut report = SmokeReport::new(&mut out, false);
            for verdict in &verdicts {
                assert_eq!(report.note("open", "names", verdict).unwrap(), verdict.is_ok());
            }
            assert_eq!(report.finish().is_err(), fails);
            assert_eq!(String::from_utf8(out).unwrap().contains("came      403"), fails && verdicts.len() == 1);
        }
    }
}
