//! `reelspan user`: the same commands for the users of a data folder and on AWS.

use std::{
    collections::{BTreeMap, BTreeSet},
    env,
    io::{self, Write},
    path::{Path, PathBuf},
    sync::Arc,
};

use clap::{Args, Subcommand};
use reelspan::{
    store::{USERS, Users, UsersError},
    telemetry::audit::{AuditEntry, AuditOutcome, Trail},
    user::{Account, GroupName, Role, TIME_TO_LIVE, User, UserName},
};

use super::{first::forget, typed::new_password};
use crate::{CommandError, data::DataFolder, tables::Tables};

/// Options of `reelspan user`.
#[derive(Debug, Clone, Args)]
pub struct UserOptions {
    #[command(subcommand)]
    command: UserCommand,

    /// The users of this data folder, whether or not a server uses it
    #[arg(long, value_name = "DIR", global = true, conflicts_with = "table")]
    data: Option<PathBuf>,

    /// The users of this DynamoDB table, by the usual environment of AWS [default: the variable `USERS_TABLE`, or
    /// `Users`]
    #[arg(long, value_name = "NAME", global = true)]
    table: Option<String>,
}

#[derive(Debug, Clone, Subcommand)]
enum UserCommand {
    /// Add a user
    Add {
        /// The user's name
        name: UserName,
        /// The user's role: user, owner (may create spaces) or admin (may do everything)
        #[arg(long, default_value_t = Role::User)]
        role: Role,
        /// A group of the user, without "group-"; may recur
        #[arg(long = "group", value_name = "GROUP")]
        groups: Vec<GroupName>,
        /// Read the password from standard input instead of asking for it
        #[arg(long)]
        password_stdin: bool,
    },
    /// Change a user; attributes that are not named stay
    Set {
        /// The user's name
        name: UserName,
        /// The user's new role: user, owner or admin
        #[arg(long)]
        role: Option<Role>,
        /// A group that the user is in from now on, in place of the previous ones; may recur
        #[arg(long = "group", value_name = "GROUP")]
        groups: Vec<GroupName>,
        /// Remove the user from all groups
        #[arg(long, conflicts_with = "groups")]
        no_groups: bool,
    },
    /// Give a user another password
    Passwd {
        /// The user's name
        name: UserName,
        /// Read the password from standard input instead of asking for it
        #[arg(long)]
        password_stdin: bool,
    },
    /// Remove a user
    Remove {
        /// The user's name
        name: UserName,
    },
    /// List all users: name, role, groups
    List,
}

/// Runs the command.
pub fn run(options: &UserOptions) -> Result<(), CommandError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(CommandError::failed("starting"))?.block_on(async {
        if let Some(folder) = &options.data {
            return in_folder(&options.command, folder).await;
        }
        let table = options.table.clone().or_else(|| env::var("USERS_TABLE").ok());
        let users = Users::load(table.as_deref().unwrap_or(USERS.name)).await;
        perform(&options.command, &users, None).await
    })
}

/// Runs a command with the tables of a data folder open.
async fn in_folder(command: &UserCommand, folder: &Path) -> Result<(), CommandError> {
    // Does not create a folder for a mistyped name.
    if !matches!(command, UserCommand::Add { .. }) && !DataFolder::is_at(folder) {
        return Err(CommandError::Setup(format!("data folder {}: does not exist", folder.display())));
    }
    let data = DataFolder::open_beside(folder)?;
    let users = Users::new(Arc::new(Tables::open(&data)?), USERS.name);
    perform(command, &users, Some(&data)).await
}

async fn perform(command: &UserCommand, users: &Users, data: Option<&DataFolder>) -> Result<(), CommandError> {
    let done = done(command, users, data).await;
    if let (Some(data), Some(entry)) = (data, entry(command, &done)) {
        let trail = Trail::beside(data.root());
        trail.write(&entry).map_err(CommandError::failed("the audit trail"))?;
    }
    let said = done?;
    if said.is_empty() {
        return Ok(());
    }
    match writeln!(io::stdout(), "{said}") {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(CommandError::failed("standard output")(error)),
        _ => Ok(()),
    }
}

/// A command's entry in the audit trail, if it changes anything. Only the account on the machine identifies the caller.
fn entry<T>(command: &UserCommand, done: &Result<T, CommandError>) -> Option<AuditEntry> {
    let (act, name, more) = match command {
        UserCommand::Add { name, role, .. } => ("add-user", name, Some(role)),
        UserCommand::Set { name, role, .. } => ("change-user", name, role.as_ref()),
        UserCommand::Passwd { name, .. } => ("change-password", name, None),
        UserCommand::Remove { name } => ("remove-user", name, None),
        UserCommand::List => return None,
    };
    let outcome = match done {
        Ok(_) => AuditOutcome::Done,
        Err(CommandError::Setup(_)) => AuditOutcome::Refused,
        Err(_) => AuditOutcome::Failed,
    };
    let account = env::var("SUDO_USER").or_else(|_| env::var("USER")).unwrap_or_else(|_| "unknown".to_owned());
    let mut detail = BTreeMap::from([("of", name.to_string()), ("by", "the command line".to_owned())]);
    detail.extend(more.map(|role| ("role", role.to_string())));
    Some(AuditEntry { user: Some(format!("account {account}")), detail, ..AuditEntry::new(act, outcome) })
}

/// Runs a command, and says what was done.
async fn done(command: &UserCommand, users: &Users, data: Option<&DataFolder>) -> Result<String, CommandError> {
    let soon = TIME_TO_LIVE.as_secs();
    Ok(match command {
        UserCommand::Add { name, role, groups, password_stdin } => {
            // Checked before the operator types a password in vain.
            if users.get(name).await.map_err(refused)?.is_some() {
                return Err(refused(UsersError::Taken(name.clone())));
            }
            let password = new_password(name, *password_stdin)?;
            let account = Account { name: name.clone(), role: *role, groups: once_each(groups) };
            let said = format!("added {}", described(&account));
            users.add(&User { account, password }).await.map_err(refused)?;
            said
        }
        UserCommand::Set { name, role, groups, no_groups } => {
            let change = |user: User| {
                let kept = groups.is_empty() && !no_groups;
                let groups = if kept { user.account.groups } else { once_each(groups) };
                let account = Account { role: role.unwrap_or(user.account.role), groups, ..user.account };
                User { account, ..user }
            };
            users.set(name, change).await.map_err(refused)?;
            format!("changed {name}; it takes effect within {soon} s")
        }
        UserCommand::Passwd { name, password_stdin } => {
            if users.get(name).await.map_err(refused)?.is_none() {
                return Err(refused(UsersError::Unknown(name.clone())));
            }
            let password = new_password(name, *password_stdin)?;
            users.set(name, |user| User { password: password.clone(), ..user }).await.map_err(refused)?;
            no_longer(data, name)?;
            format!("changed the password of {name}; the old one expires within {soon} s")
        }
        UserCommand::Remove { name } => {
            users.remove(name).await.map_err(refused)?;
            no_longer(data, name)?;
            format!("removed {name}, who loses access within {soon} s")
        }
        UserCommand::List => {
            let accounts = users.list().await.map_err(refused)?;
            accounts.iter().map(described).collect::<Vec<_>>().join("\n")
        }
    })
}

/// Removes the stored password of the first admin once it is no longer valid.
fn no_longer(data: Option<&DataFolder>, name: &UserName) -> Result<(), CommandError> {
    data.map_or(Ok(()), |data| forget(data, name).map_err(CommandError::failed(data.admin().display())))
}

fn described(account: &Account) -> String {
    let mut words = vec![account.name.to_string(), account.role.to_string()];
    words.extend(account.groups.iter().map(|group| format!("group-{group}")));
    words.join(" ")
}

fn once_each(groups: &[GroupName]) -> Vec<GroupName> {
    groups.iter().cloned().collect::<BTreeSet<_>>().into_iter().collect()
}

/// Distinguishes errors that the caller can fix from those that they cannot.
fn refused(error: impl Into<UsersError>) -> CommandError {
    match error.into() {
        UsersError::Store(error) => CommandError::Failed(error.to_string()),
        error => CommandError::Setup(error.to_string()),
    }
}
