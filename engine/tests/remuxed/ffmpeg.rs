//! Files that ffmpeg makes.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use bytes::Bytes;

/// A source of pictures or sound, in two: the arguments of the input, and those that every file made of it needs.
pub fn parted(source: &str) -> (&str, &str) {
    let at = source.find("-i ").map_or(0, |at| at + 3);
    source.split_at(source[at..].find(' ').map_or(source.len(), |length| at + length))
}

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
        self.make_all("", &[arguments]).pop().unwrap()
    }

    /// Runs ffmpeg once for several files: the arguments of the input, and for each file its arguments, of which the last is its
    /// name. To start ffmpeg takes longer than to make a short file.
    pub fn make_all(&self, input: &str, files: &[impl AsRef<str>]) -> Vec<Bytes> {
        let arguments: Vec<&str> =
            input.split_whitespace().chain(files.iter().flat_map(|file| file.as_ref().split_whitespace())).collect();
        let mut command = Command::new("ffmpeg");
        command.current_dir(&self.0).args(["-nostdin", "-v", "error", "-y"]).args(&arguments);
        let output = command.output().expect("ffmpeg has to be installed");
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "ffmpeg {}: {errors}", arguments.join(" "));
        let names = files.iter().map(|file| file.as_ref().split_whitespace().last().unwrap());
        names.map(|name| fs::read(self.0.join(name)).unwrap().into()).collect()
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
