//! The first admin of a data folder: the one of `--admin`, or `admin` with a generated password, which is printed once,
//! and kept in the folder until it is changed.

use std::{fs, io, path::Path};

use reelspan::{
    store::Users,
    user::{Account, Hash, Password, ROUNDS, Role, User, UserName, check},
};
use serde::{Deserialize, Serialize};

use crate::{
    CommandError,
    data::{self, DataFolder},
};

/// The name of the first admin, unless `--admin` names one.
const ADMIN: &str = "admin";

/// An admin with a generated password, as the data folder stores it. Without `Debug`, so that it never appears in a
/// log.
#[derive(Clone, Serialize, Deserialize)]
pub struct GeneratedAdmin {
    /// The name.
    pub user: String,
    /// The password.
    pub password: String,
}

/// Ensures that there is an admin: the given one, or, if no admin exists, one with a generated password. Returns the
/// latter, to be printed.
pub async fn first_admin(
    data: &DataFolder,
    users: &Users,
    given: Option<(UserName, Password)>,
) -> Result<Option<GeneratedAdmin>, CommandError> {
    if let Some((name, password)) = given {
        if make(users, &name, password, PasswordOrigin::Chosen).await? {
            forget(data, &name).map_err(CommandError::failed(data.admin().display()))?;
        }
        return Ok(None);
    }
    let accounts = users.list().await.map_err(CommandError::failed("the users"))?;
    if accounts.iter().any(|account| account.role == Role::Admin) {
        return Ok(None);
    }
    // Stored first: after a crash in between, the next start gives the admin this password.
    let kept = data::keep(&data.admin(), GeneratedAdmin::random).map_err(CommandError::failed("the first admin"))?;
    let name = UserName::parse(&kept.user).map_err(CommandError::failed(data.admin().display()))?;
    let password = Password::parse(kept.password.as_str()).map_err(CommandError::failed(data.admin().display()))?;
    make(users, &name, password, PasswordOrigin::Up).await?;
    Ok(Some(kept))
}

/// Removes the stored first admin if it is this user, because the password has changed.
pub(super) fn forget(data: &DataFolder, name: &UserName) -> io::Result<()> {
    let path = data.admin();
    match read(&path) {
        Some(kept) if kept.user == name.as_str() => fs::remove_file(&path),
        _ => Ok(()),
    }
}

fn read(path: &Path) -> Option<GeneratedAdmin> {
    serde_json::from_slice(&fs::read(path).ok()?).ok()
}

/// The origin of a password.
#[derive(Clone, Copy, PartialEq, Eq)]
enum PasswordOrigin {
    /// Someone chose it.
    Chosen,
    /// It was generated.
    Up,
}

/// Makes a user an admin with this password, whether or not the user exists; returns whether anything changed.
async fn make(users: &Users, name: &UserName, password: Password, how: PasswordOrigin) -> Result<bool, CommandError> {
    let what = format!("user {name}");
    let was = users.get(name).await.map_err(CommandError::failed(&what))?;
    if let Some(user) = &was
        && user.account.role == Role::Admin
    {
        let (kept, password) = (user.password.clone(), password.clone());
        let looking = tokio::task::spawn_blocking(move || check(password.reveal().as_bytes(), Some(&kept), ROUNDS));
        if looking.await.map_err(CommandError::failed(&what))?.right {
            return Ok(false);
        }
    }
    if how == PasswordOrigin::Chosen {
        // A password that was chosen for an earlier version remains valid: it is not new.
        let chosen = Password::chosen(password.reveal(), name);
        chosen.map_err(|error| CommandError::Setup(format!("--admin NAME:PASSWORD: {error}")))?;
    }
    let hashing = tokio::task::spawn_blocking(move || Hash::of(&password, ROUNDS));
    let password = hashing.await.map_err(CommandError::failed(&what))?.map_err(CommandError::failed(&what))?;
    let done = if was.is_some() {
        let admin = |user: User| {
            let account = Account { role: Role::Admin, ..user.account };
            User { account, password: password.clone() }
        };
        users.set(name, admin).await
    } else {
        let account = Account { name: name.clone(), role: Role::Admin, groups: Vec::new() };
        users.add(&User { account, password }).await
    };
    done.map(|()| true).map_err(|error| CommandError::failed(&what)(error))
}

impl GeneratedAdmin {
    fn random() -> io::Result<Self> {
        let password = Password::random().map_err(io::Error::other)?;
        Ok(Self { user: ADMIN.to_owned(), password: password.reveal().to_owned() })
    }
}
