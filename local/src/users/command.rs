//! `reelspan user`: the same commands for the users of a data folder and for those on AWS.

use std::{
    collections::BTreeSet,
    env,
    io::{self, Write},
    path::{Path, PathBuf},
};

use clap::{Args, Subcommand};
use reelspan::{
    store::{self, USERS, Users, UsersError},
    user::{Account, GroupName, Role, TIME_TO_LIVE, User, UserName},
};

use super::{first::forget, typed::new_password};
use crate::{Error, aws, data::Data, dynamodb::DynamoDb};

/// Options of `reelspan user`.
#[derive(Debug, Clone, Args)]
pub struct Options {
    #[command(subcommand)]
    command: Command,

    /// The users of this data folder, whether or not it is being served
    #[arg(long, value_name = "DIR", global = true, conflicts_with = "table")]
    data: Option<PathBuf>,

    /// The users of this DynamoDB table, reached by the usual environment of AWS; unless told, the one of the variable
    /// `USERS_TABLE`, or `Users`
    #[arg(long, value_name = "NAME", global = true)]
    table: Option<String>,
}

#[derive(Debug, Clone, Subcommand)]
enum Command {
    /// Add a user
    Add {
        /// The user's name
        name: UserName,
        /// What the user is: user, owner (may make spaces) or admin (may do everything)
        #[arg(long, default_value_t = Role::User)]
        role: Role,
        /// A group that the user is in, without "group-"; may recur
        #[arg(long = "group", value_name = "GROUP")]
        groups: Vec<GroupName>,
        /// Read the password from standard input instead of asking for it
        #[arg(long)]
        password_stdin: bool,
    },
    /// Change what a user is; what is not named stays
    Set {
        /// The user's name
        name: UserName,
        /// What the user becomes: user, owner or admin
        #[arg(long)]
        role: Option<Role>,
        /// A group that the user is in from now on, and in no others; may recur
        #[arg(long = "group", value_name = "GROUP")]
        groups: Vec<GroupName>,
        /// The user is in no group from now on
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

/// Does what was told.
pub fn run(options: &Options) -> Result<(), Error> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(Error::failed("starting"))?.block_on(async {
        if let Some(folder) = &options.data {
            return in_folder(&options.command, folder).await;
        }
        let table = options.table.clone().or_else(|| env::var("USERS_TABLE").ok());
        let users = Users::load(table.as_deref().unwrap_or(USERS.name)).await;
        perform(&options.command, &users, None).await
    })
}

/// Opens the tables of a data folder for as long as the command takes.
async fn in_folder(command: &Command, folder: &Path) -> Result<(), Error> {
    // A folder of a mistyped name has nobody in it, and is not made to say so.
    if !matches!(command, Command::Add { .. }) && !Data::is_at(folder) {
        return Err(Error::Setup(format!("data folder {}: there is none", folder.display())));
    }
    let data = Data::open_beside(folder)?;
    let config = aws::dynamodb(&DynamoDb::open(&data.dynamodb())?, data.credentials());
    let tables = aws_sdk_dynamodb::Client::from_conf(config.clone().build());
    store::create_tables(&tables).await.map_err(Error::failed("the tables"))?;
    perform(command, &Users::new(config, USERS.name), Some(&data)).await
}

async fn perform(command: &Command, users: &Users, data: Option<&Data>) -> Result<(), Error> {
    let soon = TIME_TO_LIVE.as_secs();
    let said = match command {
        Command::Add { name, role, groups, password_stdin } => {
            // Before anybody types a password for nothing.
            if users.get(name).await.map_err(refused)?.is_some() {
                return Err(refused(UsersError::Taken(name.clone())));
            }
            let password = new_password(name, *password_stdin)?;
            let account = Account { name: name.clone(), role: *role, groups: once_each(groups) };
            let said = format!("added {}", described(&account));
            users.add(&User { account, password }).await.map_err(refused)?;
            said
        }
        Command::Set { name, role, groups, no_groups } => {
            let change = |user: User| {
                let kept = groups.is_empty() && !no_groups;
                let groups = if kept { user.account.groups } else { once_each(groups) };
                let account = Account { role: role.unwrap_or(user.account.role), groups, ..user.account };
                User { account, ..user }
            };
            users.set(name, change).await.map_err(refused)?;
            format!("changed {name}; it counts within {soon} s")
        }
        Command::Passwd { name, password_stdin } => {
            if users.get(name).await.map_err(refused)?.is_none() {
                return Err(refused(UsersError::Unknown(name.clone())));
            }
            let password = new_password(name, *password_stdin)?;
            users.set(name, |user| User { password: password.clone(), ..user }).await.map_err(refused)?;
            no_longer(data, name)?;
            format!("changed the password of {name}; the old one is out within {soon} s")
        }
        Command::Remove { name } => {
            users.remove(name).await.map_err(refused)?;
            no_longer(data, name)?;
            format!("removed {name}, who is out within {soon} s")
        }
        Command::List => {
            let accounts = users.list().await.map_err(refused)?;
            accounts.iter().map(described).collect::<Vec<_>>().join("\n")
        }
    };
    if said.is_empty() {
        return Ok(());
    }
    match writeln!(io::stdout(), "{said}") {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Error::failed("standard output")(error)),
        _ => Ok(()),
    }
}

/// The first admin's password that is written down is the first admin's no longer.
fn no_longer(data: Option<&Data>, name: &UserName) -> Result<(), Error> {
    data.map_or(Ok(()), |data| forget(data, name).map_err(Error::failed(data.admin().display())))
}

fn described(account: &Account) -> String {
    let mut words = vec![account.name.to_string(), account.role.to_string()];
    words.extend(account.groups.iter().map(|group| format!("group-{group}")));
    words.join(" ")
}

fn once_each(groups: &[GroupName]) -> Vec<GroupName> {
    groups.iter().cloned().collect::<BTreeSet<_>>().into_iter().collect()
}

/// What the caller can do something about, and what nobody here can.
fn refused(error: impl Into<UsersError>) -> Error {
    match error.into() {
        UsersError::Store(error) => Error::Failed(error.to_string()),
        error => Error::Setup(error.to_string()),
    }
}
