//! Bodies: the bytes of objects and of parts, each in its own file, which is written once and never changed.
//!
//! `s3s-fs` writes them: it streams a body to a temporary file, computes its MD5 and the checksums that the client asks
//! for, and renames it when it is complete. It stores each body under a random name, never the object's. So two writers
//! never collide, no writer changes a file that a reader has open, and no key, however hostile, becomes a path. The
//! catalogue maps objects to bodies.

use std::{
    collections::HashSet,
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

use aws_smithy_types::base64;
use s3s::{
    S3, S3Request, S3Result,
    dto::{PutObjectInput, PutObjectOutput},
    s3_error,
};
use s3s_fs::FileSystem;

use super::{MEDIA_BUCKET, internal};
use crate::{CommandError, data::random_hex};

/// The folder that holds all buckets.
#[derive(Debug)]
pub struct Bodies {
    root: PathBuf,
    files: FileSystem,
}

/// A body that does not belong to an object yet. Dropping it removes the file, unless [`NewBody::keep`] was called.
#[derive(Debug)]
pub struct NewBody {
    path: PathBuf,
    name: String,
    kept: bool,
}

impl Bodies {
    /// Opens the folder, or creates it with the media bucket. If no other process uses it, `known` are all bodies of
    /// the catalogue, and what an earlier process left unfinished is removed: every body that is not among them, and
    /// everything that is not a body.
    pub fn open(root: &Path, known: Option<&HashSet<String>>) -> Result<Self, CommandError> {
        fs::create_dir_all(root.join(MEDIA_BUCKET)).map_err(CommandError::failed(root.display()))?;
        if let Some(known) = known {
            sweep(root, known).map_err(CommandError::failed(root.display()))?;
        }
        let files =
            FileSystem::new(root).map_err(|error| CommandError::Failed(format!("{}: {error:?}", root.display())))?;
        Ok(Self { root: root.to_owned(), files })
    }

    /// The underlying `s3s-fs`, for operations on buckets.
    pub const fn buckets(&self) -> &FileSystem {
        &self.files
    }

    /// Refuses a bucket that does not exist.
    pub fn check_bucket(&self, bucket: &str) -> S3Result<()> {
        // The name is valid: s3s has checked it before it calls this.
        if self.root.join(bucket).is_dir() {
            Ok(())
        } else {
            Err(s3_error!(NoSuchBucket, "The specified bucket does not exist."))
        }
    }

    /// Removes an empty bucket; a body that is still being received counts as content.
    pub fn remove_bucket(&self, bucket: &str) -> S3Result<()> {
        fs::remove_dir(self.root.join(bucket)).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => s3_error!(NoSuchBucket, "The specified bucket does not exist."),
            io::ErrorKind::DirectoryNotEmpty => {
                s3_error!(BucketNotEmpty, "The bucket that was to be deleted is not empty.")
            }
            _ => internal(error),
        })
    }

    /// Stores the body of a request, and checks its digests. A body that breaks off or does not match them leaves
    /// nothing.
    pub async fn receive(&self, mut request: S3Request<PutObjectInput>) -> S3Result<(NewBody, u64, PutObjectOutput)> {
        let bucket = request.input.bucket.clone();
        self.check_bucket(&bucket)?;
        let body = self.new_body(&bucket).map_err(internal)?;
        request.input.key.clone_from(&body.name);
        // These fields would make s3s-fs look at an object; the catalogue checks the conditions.
        request.input.if_match = None;
        request.input.if_none_match = None;
        request.input.metadata = None;

        let leftovers = Leftovers::of(&self.root, &bucket, &body.name);
        let stored = self.files.put_object(request).await;
        drop(leftovers);
        let stored = stored?.output;
        // On the disk before the catalogue says that it is there.
        let file = tokio::fs::File::open(&body.path).await.map_err(internal)?;
        file.sync_data().await.map_err(internal)?;
        let size = file.metadata().await.map_err(internal)?.len();
        Ok((body, size, stored))
    }

    /// Gives a body a second name (a hard link), so that it outlives the first. It takes no time and no space, whatever
    /// its size.
    pub fn link(&self, (from, name): (&str, &str), to: &str) -> io::Result<NewBody> {
        let body = self.new_body(to)?;
        fs::hard_link(self.path(from, name), &body.path)?;
        Ok(body)
    }

    /// Joins bodies into a new one. It blocks; the kernel copies the bytes, or shares them if the file system can.
    pub fn join<'a>(&self, bucket: &str, parts: impl IntoIterator<Item = &'a str>) -> io::Result<NewBody> {
        let whole = self.new_body(bucket)?;
        let mut to = File::create_new(&whole.path)?;
        for part in parts {
            io::copy(&mut File::open(self.path(bucket, part))?, &mut to)?;
        }
        to.sync_data()?;
        Ok(whole)
    }

    /// Creates a body, to be written.
    pub fn create(&self, bucket: &str) -> io::Result<(NewBody, File)> {
        let body = self.new_body(bucket)?;
        let file = File::create_new(&body.path)?;
        Ok((body, file))
    }

    /// Opens a body for reading. An open file can be read to its end, whatever happens to the object meanwhile.
    pub fn read(&self, bucket: &str, name: &str) -> io::Result<File> {
        File::open(self.path(bucket, name))
    }

    /// Removes a body that no longer belongs to an object.
    pub fn discard(&self, bucket: &str, name: &str) {
        if let Err(error) = fs::remove_file(self.path(bucket, name)) {
            tracing::warn!(%error, bucket, name, "a body that is no longer needed stays until the next start");
        }
    }

    fn new_body(&self, bucket: &str) -> io::Result<NewBody> {
        let name = random_hex::<12>()?;
        Ok(NewBody { path: self.path(bucket, &name), name, kept: false })
    }

    fn path(&self, bucket: &str, name: &str) -> PathBuf {
        self.root.join(bucket).join(name)
    }
}

impl NewBody {
    /// The name of the file in the catalogue.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Keeps the file: the catalogue refers to it.
    pub fn keep(mut self) {
        self.kept = true;
    }
}

impl Drop for NewBody {
    fn drop(&mut self) {
        if !self.kept {
            // The file may be missing, if the body broke off.
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// The files that s3s-fs writes besides a body: attributes and digests, which the catalogue stores itself. Removed on
/// drop.
struct Leftovers([PathBuf; 2]);

impl Leftovers {
    fn of(root: &Path, bucket: &str, name: &str) -> Self {
        // The names in s3s-fs 0.14. If they change, the cleanup at the start still removes the files.
        let encoded = |text: &str| base64::encode(text).trim_end_matches('=').replace('+', "-").replace('/', "_");
        let beside = format!(".bucket-{}.object-{}", encoded(bucket), encoded(name));
        Self(["metadata", "internal"].map(|what| root.join(format!("{beside}.{what}.json"))))
    }
}

impl Drop for Leftovers {
    fn drop(&mut self) {
        for path in &self.0 {
            let _ = fs::remove_file(path);
        }
    }
}

fn sweep(root: &Path, known: &HashSet<String>) -> io::Result<()> {
    for entry in fs::read_dir(root)? {
        let entry = entry?;
        if !entry.file_type()?.is_dir() {
            fs::remove_file(entry.path())?;
            continue;
        }
        for body in fs::read_dir(entry.path())? {
            let body = body?;
            if !body.file_name().to_str().is_some_and(|name| known.contains(name)) {
                tracing::info!(path = %body.path().display(), "removed: it was left unfinished");
                fs::remove_file(body.path())?;
            }
        }
    }
    Ok(())
}
