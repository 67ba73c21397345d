//! Files that ffmpeg makes.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use bytes::Bytes;

/// A folder that is gone with this.
pub struct Folder(PathBuf);

impl Folder {
    pub fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("reelspan-remuxed-{}-{name}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    /// Runs ffmpeg in the folder, with these arguments apart by spaces, of which the last is the file that it makes.
    pub fn make(&self, arguments: &str) -> Bytes {
        let arguments: Vec<&str> = arguments.split_whitespace().collect();
        let mut command = Command::new("ffmpeg");
        command.current_dir(&self.0).args(["-nostdin", "-v", "error", "-y"]).args(&arguments);
        let output = command.output().expect("ffmpeg has to be installed");
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "ffmpeg {}: {errors}", arguments.join(" "));
        fs::read(self.0.join(arguments.last().unwrap())).unwrap().into()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
