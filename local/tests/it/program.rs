//! The program `reelspan serve` as users start it: its output, its data, and how it ends.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, ChildStderr, Command, Output, Stdio};
use std::time::{Duration, Instant};

fn serve(folder: &Path, options: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_reelspan"));
    command.args(["serve", "--listen", "127.0.0.1:0", "--s3-listen", "127.0.0.1:0"]).args(options);
    command
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .env_remove("RUST_LOG");
    command
}

/// A running program, which is killed when this is dropped.
struct Running(Child);

impl Running {
    /// Starts it, and waits until it is ready; returns its output until then.
    fn start(mut command: Command) -> (Self, Vec<String>) {
        let mut running = Self(command.spawn().unwrap());
        let mut printed = Vec::new();
        for line in BufReader::new(running.0.stdout.take().unwrap()).lines() {
            printed.push(line.unwrap());
            if printed.last().unwrap().starts_with("ready ") {
                return (running, printed);
            }
        }
        let mut said = String::new();
        running.0.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        panic!("it was never ready: {said}");
    }

    /// Sends the signal, and returns the exit status and the standard error.
    fn stop(mut self, signal: &str) -> (Option<i32>, String) {
        let killed = Command::new("kill").args([signal, &self.0.id().to_string()]).status().unwrap();
        assert!(killed.success());
        let begun = Instant::now();
        while self.0.try_wait().unwrap().is_none() {
            assert!(begun.elapsed() < Duration::from_secs(15), "it does not stop");
            std::thread::sleep(Duration::from_millis(10));
        }
        let status = self.0.wait().unwrap().code();
        (status, said(self.0.stderr.take().unwrap()))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn said(mut stderr: ChildStderr) -> String {
    let mut said = String::new();
    stderr.read_to_string(&mut said).unwrap();
    said
}

/// Checks that a command failed with the status for usage errors, and reported it in one line.
fn assert_refused(output: &Output, why: &str) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains(why), "{said:?} does not say {why:?}");
    assert_eq!(said.trim_end().lines().count(), 1, "{said}");
}

#[test]
fn a_folder_is_imported_once_and_again_where_it_changed() {
    let folder = tempfile::tempdir().unwrap();
    let media = folder.path().join("media");
    fs::create_dir_all(media.join("sub")).unwrap();
    fs::write(media.join("a.txt"), "one").unwrap();
    fs::write(media.join("sub/b ä.txt"), "two").unwrap();
    let options = ["--data", "data", "--import", "films=media"];

    let (running, printed) = Running::start(serve(folder.path(), &options));
    let address = printed.last().unwrap().strip_prefix("ready ").unwrap();
    assert!(
        printed.iter().any(|line| line.starts_with(&format!("{address}/media/films/sub/b%20%C3%A4.txt"))),
        "{printed:?}"
    );
    assert!(
        printed.iter().any(|line| line.contains("AWS_ACCESS_KEY_ID=") && line.contains("AWS_ENDPOINT_URL_S3=http"))
    );
    let (status, said) = running.stop("-INT");
    assert_eq!(status, Some(0), "{said}");
    assert!(said.contains("2 uploaded, 0 unchanged"), "{said}");

    fs::write(media.join("a.txt"), "1st").unwrap();
    fs::write(media.join("c.txt"), "three").unwrap();
    let (running, _) = Running::start(serve(folder.path(), &options));
    let (status, said) = running.stop("-TERM");
    assert_eq!(status, Some(0), "{said}");
    assert!(said.contains("2 uploaded, 1 unchanged"), "{said}");
}

#[test]
fn what_a_caller_has_to_change_is_said_in_a_line_with_exit_status_2() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().to_string();
    let refused = |options: &[&str], why: &str| assert_refused(&serve(here, options).output().unwrap(), why);

    let listen = |option: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_reelspan"));
        let other = if option == "--listen" { "--s3-listen" } else { "--listen" };
        command.current_dir(here).args(["serve", option, &port, other, "127.0.0.1:0"]).output().unwrap()
    };
    assert_refused(&listen("--listen"), &port);
    assert_refused(&listen("--s3-listen"), &port);
    assert!(fs::read_dir(here).unwrap().next().is_none(), "something was written");

    refused(&["--import", "films=nowhere"], "nowhere");
    refused(&["--data", "no/such/parent"], "no/such/parent");
    fs::create_dir(here.join("newer")).unwrap();
    fs::write(here.join("newer/FORMAT"), "999\n").unwrap();
    refused(&["--data", "newer"], "999");

    let (_running, _) = Running::start(serve(here, &["--data", "data"]));
    refused(&["--data", "data"], "another process");
}

#[test]
fn inspect_shows_chapters_and_when_a_file_was_made() {
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../samples");
    let inspect = |options: &[&str], name: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_reelspan"));
        let output = command.arg("inspect").args(options).arg(samples.join(name)).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    for (name, ids) in [("chapters.m4a", [&[][..], &[], &[]]), ("chapters.mkv", [&["1"], &["2"], &["3"]])] {
        let seen = inspect(&[], name);
        for line in ["chapter 0,3: \"Opening\"", "chapter 3,7: \"song1\"", "chapter 7,11: \"Ending\""] {
            assert!(seen.contains(line), "{seen}");
        }
        assert!(seen.lines().next().unwrap().ends_with(", of 2010-10-22T07:33:53Z"), "{seen}");
        assert!(!seen.contains("note:"), "{seen}");

        let seen: serde_json::Value = serde_json::from_str(&inspect(&["--json"], name)).unwrap();
        assert_eq!(seen["created"], "2010-10-22T07:33:53Z");
        let song = serde_json::json!({ "titles": ["song1"], "ids": ids[1], "start": 3.0, "end": 7.0 });
        assert_eq!(seen["chapters"][1], song);
        assert_eq!(seen["chapters"].as_array().unwrap().len(), 3);
    }
    let seen = inspect(&[], "counter.mp4");
    assert!(!seen.contains("chapter") && !seen.contains(", of "), "{seen}");
}
