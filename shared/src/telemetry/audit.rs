//! The audit trail: who did what, from which address, when, and with what outcome. Each act is one line of JSON,
//! written once the outcome is known.
//!
//! On Lambda, lines go to standard output, which CloudWatch stores; on one machine to files in a folder ([`Trail`]).
//! Neither depends on `RUST_LOG`. No line contains a password, a signature, a token or a raw query, and no text in a
//! line can begin another line: JSON escapes control characters (RFC 8259 §7).

use std::collections::BTreeMap;
use std::env;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::net::IpAddr;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock, PoisonError};

use chrono::{SecondsFormat, Utc};
use serde::Serialize;

/// The longest text of an entry, in characters.
const LONGEST: usize = 1024;
/// The longest name of a refused caller: no user has a longer one.
const LONGEST_NAME: usize = 64;
/// The size at which a new file begins, in bytes.
const FILE_SIZE: u64 = 16 << 20;
/// How many full files are kept besides the current one.
const FULL_FILES: u32 = 15;

/// The outcome of an act.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum AuditOutcome {
    /// It was done.
    Done,
    /// It was not allowed, or it was invalid.
    Refused,
    /// Something failed, or the client disconnected; part of it may have been done.
    Failed,
}

impl AuditOutcome {
    /// The outcome for an HTTP status.
    #[must_use]
    pub const fn of(status: u16) -> Self {
        match status {
            0..400 => Self::Done,
            400..500 => Self::Refused,
            _ => Self::Failed,
        }
    }
}

/// An act.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AuditEntry {
    /// What was done: `store-content`, `get-signed-url`, `sign-in`.
    pub act: String,
    /// Its outcome.
    pub outcome: AuditOutcome,
    /// The status of the answer, if it was a request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// The caller.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// The name given by a caller who was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The address of the caller.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<IpAddr>,
    /// The space.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub space: Option<String>,
    /// The content.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content: Option<String>,
    /// Further details: what was signed and until when, the new access list.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub detail: BTreeMap<&'static str, String>,
    /// The id that other lines of the same request have.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
}

impl AuditEntry {
    /// An act without details.
    #[must_use]
    pub fn new(act: impl Into<String>, outcome: AuditOutcome) -> Self {
        Self {
            act: act.into(),
            outcome,
            status: None,
            user: None,
            name: None,
            address: None,
            space: None,
            content: None,
            detail: BTreeMap::new(),
            request_id: None,
        }
    }

    /// The line, with the time and a line feed at its end.
    fn line(&self, time: &str) -> String {
        #[derive(Serialize)]
        struct AuditLine<'a> {
            target: &'static str,
            time: &'a str,
            #[serde(flatten)]
            entry: AuditEntry,
        }
        let mut entry = self.clone();
        entry.name = entry.name.map(|name| shortened(&name, LONGEST_NAME));
        entry.address = entry.address.map(|address| address.to_canonical());
        for text in [&mut entry.user, &mut entry.space, &mut entry.content].into_iter().flatten() {
            *text = shortened(text, LONGEST);
        }
        entry.detail.values_mut().for_each(|text| *text = shortened(text, LONGEST));
        // Text keys, texts and numbers: serialising cannot fail.
        let line = serde_json::to_string(&AuditLine { target: "audit", time, entry }).unwrap_or_default();
        format!("{line}\n")
    }
}

fn shortened(text: &str, longest: usize) -> String {
    match text.char_indices().nth(longest) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
    }
}

/// The destination of entries.
#[derive(Debug)]
enum AuditSink {
    Nowhere,
    Stdout,
    Files(Trail),
}

static SINK: OnceLock<AuditSink> = OnceLock::new();

/// Writes to the files of this trail from now on. The first call of this or [`to_stdout`] takes effect.
pub fn to_files(trail: Trail) {
    let _ = SINK.set(AuditSink::Files(trail));
}

/// Writes to standard output from now on.
pub fn to_stdout() {
    let _ = SINK.set(AuditSink::Stdout);
}

/// Writes an entry to the destination. Unless one was set, that is standard output on Lambda
/// (`AWS_LAMBDA_FUNCTION_NAME`), and nothing elsewhere.
pub fn write(entry: &AuditEntry) {
    let sink = SINK.get_or_init(|| {
        if env::var_os("AWS_LAMBDA_FUNCTION_NAME").is_some() { AuditSink::Stdout } else { AuditSink::Nowhere }
    });
    let written = match sink {
        AuditSink::Nowhere => Ok(()),
        // In one write, because each line is an event.
        AuditSink::Stdout => io::stdout().lock().write_all(entry.line(&now()).as_bytes()),
        AuditSink::Files(trail) => trail.write(entry),
    };
    if let Err(error) = written {
        tracing::error!(%error, act = entry.act, "the audit trail cannot be written");
    }
}

fn now() -> String {
    Utc::now().to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// The files of an audit trail: `audit.jsonl`, and before it `audit.1.jsonl` to `audit.15.jsonl`, the oldest last, of
/// 16 MiB each. Refusals of unknown callers go to `audit-refused.jsonl` and its predecessors instead, so that guesses
/// cannot push out what users did. Only their owner can read the files.
#[derive(Debug)]
pub struct Trail {
    folder: PathBuf,
    /// The size at which a file is rotated, in bytes; `None` if another process rotates.
    file_size: Option<u64>,
    turn: Mutex<()>,
}

impl Trail {
    /// The trail of a folder, which only this process rotates.
    #[must_use]
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into(), file_size: Some(FILE_SIZE), turn: Mutex::default() }
    }

    /// The same, while another process rotates it.
    #[must_use]
    pub fn beside(folder: impl Into<PathBuf>) -> Self {
        Self { file_size: None, ..Self::new(folder) }
    }

    /// Appends an entry, in one write, so that two processes do not mix their lines.
    pub fn write(&self, entry: &AuditEntry) -> io::Result<()> {
        let name = if entry.user.is_none() && entry.outcome != AuditOutcome::Done { "audit-refused" } else { "audit" };
        let path = |number: u32| match number {
            0 => self.folder.join(format!("{name}.jsonl")),
            _ => self.folder.join(format!("{name}.{number}.jsonl")),
        };
        let line = entry.line(&now());
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        if self
            .file_size
            .is_some_and(|most| size(&path(0)).saturating_add(line.len() as u64) > most && size(&path(0)) > 0)
        {
            for number in (0..FULL_FILES).rev() {
                match fs::rename(path(number), path(number + 1)) {
                    Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                    _ => {}
                }
            }
        }
        let mut file = OpenOptions::new().create(true).append(true).mode(0o600).open(path(0))?;
        file.write_all(line.as_bytes())
    }
}

fn size(path: &Path) -> u64 {
    fs::metadata(path).map_or(0, |found| found.len())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]

    use std::os::unix::fs::PermissionsExt;

    use serde_json::{Value, json};

    use super::*;

    fn act(user: Option<&str>, outcome: AuditOutcome) -> AuditEntry {
        AuditEntry { user: user.map(str::to_owned), ..AuditEntry::new("store-content", outcome) }
    }

    #[test]
    fn an_entry_is_one_line_whatever_its_texts_are() {
        let hostile = "a\r\n{\"target\":\"audit\",\"user\":\"admin\"}\n\u{0}\u{2028}\u{1b}[2J";
        let mut entry = act(Some(hostile), AuditOutcome::Done);
        (entry.space, entry.content, entry.name) = (Some(hostile.into()), Some(hostile.into()), Some("x".repeat(5000)));
        entry.address = Some("::ffff:192.0.2.7".parse().unwrap());
        entry.detail.insert("redirect", hostile.repeat(100));
        let line = entry.line("2026-11-29T01:02:03.004Z");
        assert_eq!(line.find(|letter: char| letter.is_control()), Some(line.len() - 1), "{line:?}");
        let read: Value = serde_json::from_str(&line).unwrap();
        assert_eq!((&read["target"], &read["time"]), (&json!("audit"), &json!("2026-11-29T01:02:03.004Z")));
        assert_eq!((&read["user"], &read["content"]), (&json!(hostile), &json!(hostile)));
        assert_eq!((&read["address"], &read["outcome"]), (&json!("192.0.2.7"), &json!("done")));
        assert_eq!(read["name"].as_str().unwrap().chars().count(), LONGEST_NAME + 1);
        assert_eq!(read["detail"]["redirect"].as_str().unwrap().chars().count(), LONGEST + 1);
    }

    #[test]
    fn files_are_for_the_owner_and_no_larger_nor_more_than_was_said() {
        let folder = tempfile::tempdir().unwrap();
        let trail = Trail { file_size: Some(1000), ..Trail::new(folder.path()) };
        for number in 0..300 {
            let mut entry = act(Some("alice"), AuditOutcome::Done);
            entry.content = Some(number.to_string());
            trail.write(&entry).unwrap();
        }
        let read = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap();
        let mut files = vec!["audit.jsonl".to_owned()];
        files.extend((1..=FULL_FILES).map(|number| format!("audit.{number}.jsonl")));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), files.len());
        let mut numbers = Vec::new();
        for name in files.iter().rev() {
            let path = folder.path().join(name);
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600, "{name}");
            assert!(size(&path) <= 1000, "{name}");
            for line in read(name).lines() {
                let line: Value = serde_json::from_str(line).unwrap();
                numbers.push(line["content"].as_str().unwrap().parse::<u32>().unwrap());
            }
        }
        // The latest, each once and in order.
        assert!(numbers.len() > 50 && numbers.last() == Some(&299));
        assert!(numbers.windows(2).all(|pair| pair[0] + 1 == pair[1]), "{numbers:?}");
    }

    #[test]
    fn guesses_do_not_push_out_what_users_did() {
        let folder = tempfile::tempdir().unwrap();
        let trail = Trail { file_size: Some(1000), ..Trail::new(folder.path()) };
        trail.write(&act(Some("alice"), AuditOutcome::Done)).unwrap();
        for _ in 0..1000 {
            trail.write(&act(None, AuditOutcome::Refused)).unwrap();
        }
        trail.write(&act(Some("alice"), AuditOutcome::Refused)).unwrap();
        assert_eq!(fs::read_to_string(folder.path().join("audit.jsonl")).unwrap().lines().count(), 2);
    }

    #[test]
    fn a_status_says_what_came_of_it() {
        for (status, outcome) in [
            (200, AuditOutcome::Done),
            (303, AuditOutcome::Done),
            (401, AuditOutcome::Refused),
            (429, AuditOutcome::Refused),
            (500, AuditOutcome::Failed),
        ] {
            assert_eq!(AuditOutcome::of(status), outcome, "{status}");
        }
    }
}
