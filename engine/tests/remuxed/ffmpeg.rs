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

    /// Writes a file of one stream into the folder, and has ffmpeg decode it. The error is what ffmpeg complains of, or
    /// that it decodes far fewer frames than there are samples.
    pub fn decodes(&self, name: &str, file: &[u8], samples: u64) -> Result<(), String> {
        fs::write(self.0.join(name), file).unwrap();
        let mut command = Command::new("ffprobe");
        command.current_dir(&self.0).args(["-v", "error", "-count_frames", "-show_entries", "stream=nb_read_frames"]);
        let output = command.args(["-of", "csv=p=0", name]).output().expect("ffprobe has to be installed");
        let (text, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        let frames: u64 = text.split([',', '\n']).find_map(|number| number.parse().ok()).unwrap_or(0);
        if errors.is_empty() && frames + 2 >= samples {
            Ok(())
        } else {
            Err(format!("{frames} of {samples}: {errors}"))
        }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
