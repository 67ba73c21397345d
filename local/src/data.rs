//! The data folder: everything that outlives a restart.
//!
//! ```text
//! FORMAT               the version of this layout, a number
//! LOCK                 held by the process that serves the folder
//! admin.json           the first admin, if --admin named none
//! credentials.json     the access key of the local S3
//! signing-key.json     the private key that signs URLs and cookies
//! tables.sqlite        the index of the media, the spaces, and the users
//! audit.jsonl          the audit trail, and audit-refused.jsonl; the earlier ones have a number
//! s3/                  objects, and the catalogue of their names
//! ```
//!
//! Only its owner can read the folder: 0700, with files of 0600.

use std::{
    fs::{self, File, OpenOptions, Permissions, TryLockError},
    io::{self, Write},
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

use ring::rand::{SecureRandom, SystemRandom};
use rustix::fs::Mode;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{CommandError, s3::REGION};

/// The version of the layout that this program writes. Increase it for every change that an older program would
/// misread.
const FORMAT: u32 = 3;

/// The oldest version that is taken over. Format 1 had its tables in another file, and format 2 had tables without a secondary index
/// ([`crate::tables`]).
const OLDEST: u32 = 1;

/// The permissions of a file's group and of all other users.
const OTHERS: u32 = 0o077;

/// The `umask` of a process that uses a data folder: only the owner can access what it creates, including files created
/// by libraries.
const PRIVATE: Mode = Mode::RWXG.union(Mode::RWXO);

/// A data folder. After [`DataFolder::open`], this process is its only user for as long as the value lives.
#[derive(Debug)]
pub struct DataFolder {
    root: PathBuf,
    credentials: AccessKey,
    is_new: bool,
    _lock: Option<File>,
}

/// The only access key of the local S3.
#[derive(Clone, Serialize, Deserialize)]
pub struct AccessKey {
    /// The public half (`AWS_ACCESS_KEY_ID`).
    pub access_key_id: String,
    /// The secret half (`AWS_SECRET_ACCESS_KEY`).
    pub secret_access_key: String,
}

impl DataFolder {
    /// Opens a data folder, or creates one if it does not exist or is empty. Its parent has to exist.
    ///
    /// Fails with [`CommandError::Setup`] if the folder cannot be created or opened, contains something else, is in use by
    /// another process, or was written by a newer program.
    pub fn open(root: &Path) -> Result<Self, CommandError> {
        Self::take(root, false)
    }

    /// Opens a data folder, or creates it, for the sake of its tables, even if another process serves it: a transaction
    /// of one process waits for that of another. Otherwise fails as [`DataFolder::open`] does.
    pub fn open_beside(root: &Path) -> Result<Self, CommandError> {
        Ok(Self { _lock: None, ..Self::take(root, true)? })
    }

    /// Whether the path is a data folder, of any format.
    #[must_use]
    pub fn is_at(root: &Path) -> bool {
        root.join("FORMAT").is_file()
    }

    fn take(root: &Path, beside: bool) -> Result<Self, CommandError> {
        let refuse = |why: &str| CommandError::Setup(format!("data folder {}: {why}", root.display()));
        let cannot = |error: io::Error| refuse(&error.to_string());

        rustix::process::umask(PRIVATE);
        match fs::create_dir(root) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && root.is_dir() => {}
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Err(refuse("is not a folder")),
            made => made.map_err(cannot)?,
        }
        let root = root.canonicalize().map_err(cannot)?;

        let format = root.join("FORMAT");
        let is_new = !root.join("credentials.json").exists();
        match fs::read_to_string(&format) {
            Ok(version) => check_format(&version).map_err(|why| refuse(&why))?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let mut others = fs::read_dir(&root).map_err(cannot)?.flatten().map(|entry| entry.file_name());
                if others.any(|name| name != "LOCK") {
                    return Err(refuse("holds other files; name an empty or a new folder"));
                }
            }
            Err(error) => return Err(cannot(error)),
        }

        let lock = OpenOptions::new().create(true).append(true).open(root.join("LOCK")).map_err(cannot)?;
        let lock = match lock.try_lock() {
            Ok(()) => Some(lock),
            Err(TryLockError::WouldBlock) if beside => None,
            Err(TryLockError::WouldBlock) => return Err(refuse("another process uses it")),
            Err(TryLockError::Error(error)) => return Err(cannot(error)),
        };

        let credentials = root.join("credentials.json");
        if lock.is_none() && !credentials.exists() {
            return Err(refuse("another process is creating it"));
        }
        if lock.is_none() && fs::read_to_string(&format).is_ok_and(|version| version.trim() != FORMAT.to_string()) {
            return Err(refuse("an earlier version of the program serves it; stop that one first"));
        }
        if lock.is_some() {
            fs::write(&format, format!("{FORMAT}\n")).map_err(cannot)?;
        }
        close_to_others(&root).map_err(cannot)?;
        fs::create_dir_all(root.join("s3")).map_err(cannot)?;
        let credentials = keep(&credentials, AccessKey::random).map_err(cannot)?;
        Ok(Self { root, credentials, is_new, _lock: lock })
    }

    /// The folder itself, which contains the audit trail.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The file of the first admin.
    #[must_use]
    pub fn admin(&self) -> PathBuf {
        self.root.join("admin.json")
    }

    /// The file of the private key that signs.
    #[must_use]
    pub fn signing_key(&self) -> PathBuf {
        self.root.join("signing-key.json")
    }

    /// The file of the tables.
    #[must_use]
    pub fn tables(&self) -> PathBuf {
        self.root.join("tables.sqlite")
    }

    /// The file of the tables of format 1.
    #[must_use]
    pub fn earlier_tables(&self) -> PathBuf {
        self.root.join("dynamodb.sqlite")
    }

    /// The folder of S3's objects.
    #[must_use]
    pub fn s3(&self) -> PathBuf {
        self.root.join("s3")
    }

    /// Whether the folder was opened for the first time, and had no access key before.
    #[must_use]
    pub const fn is_new(&self) -> bool {
        self.is_new
    }

    /// The access key of the local S3; generated once, at random.
    #[must_use]
    pub const fn credentials(&self) -> &AccessKey {
        &self.credentials
    }
}

/// Removes other users' access to a folder and everything in it, if any of them had access. Links are left alone.
fn close_to_others(root: &Path) -> io::Result<()> {
    let mode = fs::metadata(root)?.permissions().mode() & 0o777;
    if mode & OTHERS == 0 {
        return Ok(());
    }
    let changed = restrict(root)?;
    tracing::warn!(
        folder = %root.display(),
        mode = format!("{mode:o}"),
        changed,
        "the data folder was open to other users of this machine; only its owner can access it now"
    );
    Ok(())
}

/// Removes other users' access to a file, or a folder with everything in it, the outermost first. Returns how many were
/// changed.
fn restrict(path: &Path) -> io::Result<u64> {
    let found = fs::symlink_metadata(path)?;
    if found.is_symlink() {
        return Ok(0);
    }
    let (mode, mut changed) = (found.permissions().mode() & 0o7777, 0);
    if mode & OTHERS != 0 {
        fs::set_permissions(path, Permissions::from_mode(mode & !OTHERS))?;
        changed += 1;
    }
    if found.is_dir() {
        for entry in fs::read_dir(path)? {
            changed += restrict(&entry?.path())?;
        }
    }
    Ok(changed)
}

fn check_format(text: &str) -> Result<(), String> {
    match text.trim().parse::<u32>() {
        Ok(version) if (OLDEST..=FORMAT).contains(&version) => Ok(()),
        Ok(version) if version > FORMAT => {
            Err(format!("has format {version}, newer than the {FORMAT} that this program knows; use a newer program"))
        }
        _ => Err(format!("its FORMAT is {:?}, which this program does not know", text.trim())),
    }
}

impl AccessKey {
    /// The variables that S3 clients read, as a line for a shell, with the secret.
    #[must_use]
    pub fn variables(&self, endpoint: &str) -> String {
        let Self { access_key_id, secret_access_key } = self;
        format!(
            "export AWS_ACCESS_KEY_ID={access_key_id} AWS_SECRET_ACCESS_KEY={secret_access_key} AWS_REGION={REGION} \
             AWS_ENDPOINT_URL_S3={endpoint}"
        )
    }

    fn random() -> io::Result<Self> {
        Ok(Self {
            access_key_id: format!("REELSPAN{}", random_hex::<6>()?.to_uppercase()),
            secret_access_key: random_hex::<20>()?,
        })
    }
}

/// Reads what a file contains, or creates the value and the file, readable only by its owner.
pub(crate) fn keep<T: Serialize + DeserializeOwned>(
    path: &Path,
    make: impl FnOnce() -> io::Result<T>,
) -> io::Result<T> {
    match fs::read(path) {
        // The parser's error may quote what it found, so it is not included.
        Ok(text) => {
            serde_json::from_slice(&text).map_err(|_| io::Error::other(format!("{} is damaged", path.display())))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let made = make()?;
            // Written completely under another name first: a crash leaves no partial file.
            let unfinished = path.with_extension("new");
            let mut options = OpenOptions::new();
            let mut file = options.create(true).write(true).truncate(true).mode(0o600).open(&unfinished)?;
            file.write_all(serde_json::to_string_pretty(&made)?.as_bytes())?;
            fs::rename(&unfinished, path)?;
            Ok(made)
        }
        Err(error) => Err(error),
    }
}

impl std::fmt::Debug for AccessKey {
    /// Omits the secret, so that it never appears in a log.
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Credentials").field("access_key_id", &self.access_key_id).finish_non_exhaustive()
    }
}

/// `N` random bytes as `2 * N` lower-case hexadecimal digits.
pub(crate) fn random_hex<const N: usize>() -> io::Result<String> {
    let mut bytes = [0; N];
    SystemRandom::new().fill(&mut bytes).map_err(|_| io::Error::other("the system gives no random bytes"))?;
    Ok(hex(&bytes))
}

/// Bytes as lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let digit = |nibble: u8| char::from_digit(nibble.into(), 16).unwrap_or_default();
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

    use std::{fs, os::unix::fs::PermissionsExt};

    use super::DataFolder;

    fn refusal(folder: &std::path::Path) -> String {
        let error = DataFolder::open(folder).unwrap_err();
        assert_eq!(error.exit_status(), 2);
        error.to_string()
    }

    #[test]
    fn credentials_stay_the_same_and_are_for_the_owner_only() {
        let folder = tempfile::tempdir().unwrap();
        let first = DataFolder::open(folder.path()).unwrap().credentials().secret_access_key.clone();
        assert_eq!(DataFolder::open(folder.path()).unwrap().credentials().secret_access_key, first);
        let mode = fs::metadata(folder.path().join("credentials.json")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert!(!format!("{:?}", DataFolder::open(folder.path()).unwrap()).contains(&first));
    }

    #[test]
    fn a_folder_and_what_it_holds_are_for_its_owner_only() {
        let parent = tempfile::tempdir().unwrap();
        let root = parent.path().join("data");
        let mode = |name: &str| fs::metadata(root.join(name)).unwrap().permissions().mode() & 0o777;
        DataFolder::open(&root).unwrap();
        for (name, expected) in [("", 0o700), ("s3", 0o700), ("LOCK", 0o600), ("FORMAT", 0o600)] {
            assert_eq!(mode(name), expected, "{name}");
        }
        // A folder of an older program is corrected, and nothing outside it is touched.
        let outside = parent.path().join("outside");
        fs::write(&outside, "x").unwrap();
        fs::write(root.join("s3/body"), "x").unwrap();
        std::os::unix::fs::symlink(&outside, root.join("s3/link")).unwrap();
        let others = |mode| fs::Permissions::from_mode(mode);
        for (path, mode) in
            [(root.join("s3/body"), 0o644), (root.join("s3"), 0o755), (root.clone(), 0o755), (outside.clone(), 0o644)]
        {
            fs::set_permissions(path, others(mode)).unwrap();
        }
        DataFolder::open(&root).unwrap();
        assert_eq!([mode(""), mode("s3"), mode("s3/body")], [0o700, 0o700, 0o600]);
        assert_eq!(fs::metadata(&outside).unwrap().permissions().mode() & 0o777, 0o644);
    }

    #[test]
    fn one_process_has_a_folder_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let held = DataFolder::open(folder.path()).unwrap();
        assert!(refusal(folder.path()).contains("another process uses it"));
        drop(held);
        DataFolder::open(folder.path()).unwrap();
    }

    #[test]
    fn a_folder_can_be_opened_beside_the_process_that_has_it() {
        let folder = tempfile::tempdir().unwrap();
        // Nothing there yet: it is created, and other processes can still open it.
        let first = DataFolder::open_beside(folder.path()).unwrap();
        let held = DataFolder::open(folder.path()).unwrap();
        let beside = DataFolder::open_beside(folder.path()).unwrap();
        for other in [&first, &beside] {
            assert_eq!(other.credentials().secret_access_key, held.credentials().secret_access_key);
        }
        assert!(refusal(folder.path()).contains("another process uses it"));
    }

    #[test]
    fn what_is_not_a_data_folder_of_ours_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let inside = |name: &str| folder.path().join(name);
        for (name, format, why) in
            [("newer", "4\n", "newer"), ("odd", "x", "does not know"), ("zero", "0", "does not know")]
        {
            fs::create_dir(inside(name)).unwrap();
            fs::write(inside(name).join("FORMAT"), format).unwrap();
            assert!(refusal(&inside(name)).contains(why));
            assert_eq!(fs::read_dir(inside(name)).unwrap().count(), 1, "something was written to {name}");
        }
        fs::create_dir(inside("photos")).unwrap();
        fs::write(inside("photos/cat.jpg"), "").unwrap();
        assert!(refusal(&inside("photos")).contains("other files"));
        assert!(refusal(&inside("photos/cat.jpg")).contains("not a folder"));
        assert!(refusal(&inside("no/such/parent")).contains("No such file"));
    }
}
