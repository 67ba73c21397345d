//! The table `Users`: partition key `user`, and the role, the groups, and the password's hash.
//!
//! A writer names the previous state of a user, so that of two concurrent writers the second sees what the first did.
//! And there is always an admin: removing or demoting one also checks, in the same transaction, that another one stays
//! ([`Users::remove`], [`Users::set`]), so that two admins who remove each other do not both succeed.

use std::sync::Arc;

use futures::future::BoxFuture;

use super::database::{Condition, Database, Item, ItemChange, PrimaryKey, TableName, Value, Write};
use super::retry::Backoff;
use super::{DynamoDb, StoreError, USERS, UnsetVariable, aws};
use crate::user::{Account, Directory, GroupName, Hash, NotFound, Role, User, UserName};

/// How often a change is retried if others interfere.
const ATTEMPTS: u32 = 8;

/// The partition key of an item.
const USER: &str = USERS.partition;
const ROLE: &str = "role";
const GROUPS: &str = "groups";
const PASSWORD: &str = "password";

/// The table of users.
#[derive(Clone, Debug)]
pub struct Users {
    database: Arc<dyn Database>,
    table: TableName,
}

/// Why the users were not changed.
#[derive(Debug, thiserror::Error)]
pub enum UsersError {
    /// The name is taken.
    #[error("there is a user {0} already")]
    Taken(UserName),
    /// The user does not exist.
    #[error("there is no user {0}")]
    Unknown(UserName),
    /// Without this admin there would be none.
    #[error("{0} is the only admin; make another one first")]
    OnlyAdmin(UserName),
    /// Others changed the same users repeatedly.
    #[error("{0} is being changed by others; try again")]
    Contended(UserName),
    /// The table cannot be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Users {
    /// The table of this name.
    #[must_use]
    pub fn new(database: Arc<dyn Database>, table: impl Into<Arc<str>>) -> Self {
        Self { database, table: TableName::new(table, USERS.partition, USERS.sort) }
    }

    /// The table of this name on AWS, with the SDKs' configuration from the environment (region, credentials, endpoints).
    pub async fn load(table: impl Into<Arc<str>>) -> Self {
        Self::new(Arc::new(DynamoDb::new(aws().await.into())), table)
    }

    /// The table from a function's environment: `USERS_TABLE`.
    pub async fn from_env() -> Result<Self, UnsetVariable> {
        Ok(Self::load(super::variable("USERS_TABLE")?).await)
    }

    /// The current user of this name.
    pub async fn get(&self, name: &UserName) -> Result<Option<User>, StoreError> {
        let found = self.database.get_one(&self.table, key(name)).await?;
        found.map(|item| user(&item)).transpose()
    }

    /// All users, by name.
    pub async fn list(&self) -> Result<Vec<Account>, StoreError> {
        let items = self.database.scan(&self.table, None, Some(&[USER, ROLE, GROUPS])).await?;
        let mut accounts = items.iter().map(|item| account(item)).collect::<Result<Vec<_>, _>>()?;
        accounts.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(accounts)
    }

    /// Adds a user, if the name is free.
    pub async fn add(&self, user: &User) -> Result<(), UsersError> {
        let put = Write::new(&self.table, ItemChange::Put(item(user)));
        let added = self.database.write(vec![put.only_if(Condition::Missing(USER))]).await?;
        if added { Ok(()) } else { Err(UsersError::Taken(user.account.name.clone())) }
    }

    /// Removes a user, but not the only admin.
    pub async fn remove(&self, name: &UserName) -> Result<(), UsersError> {
        self.change(name, |_| None).await
    }

    /// Changes a user with `set`, except the name. The only admin stays an admin.
    pub async fn set(&self, name: &UserName, set: impl Fn(User) -> User) -> Result<(), UsersError> {
        let named = |user: User| User { account: Account { name: name.clone(), ..user.account }, ..user };
        self.change(name, |user| Some(named(set(user)))).await
    }

    async fn change(&self, name: &UserName, change: impl Fn(User) -> Option<User>) -> Result<(), UsersError> {
        let mut backoff = Backoff::new(ATTEMPTS);
        loop {
            let was = self.get(name).await?.ok_or_else(|| UsersError::Unknown(name.clone()))?;
            let becomes = change(was.clone());
            let steps_down =
                was.account.role == Role::Admin && becomes.as_ref().is_none_or(|user| user.account.role != Role::Admin);
            let stays = if steps_down {
                Some(self.other_admin(name).await?.ok_or_else(|| UsersError::OnlyAdmin(name.clone()))?)
            } else {
                None
            };
            if self.replace(&was, becomes.as_ref(), stays.as_ref()).await? {
                return Ok(());
            }
            if !backoff.pause().await {
                return Err(UsersError::Contended(name.clone()));
            }
        }
    }

    /// Another admin.
    async fn other_admin(&self, than: &UserName) -> Result<Option<UserName>, StoreError> {
        let admins = self.list().await?.into_iter().filter(|account| account.role == Role::Admin);
        Ok(admins.map(|account| account.name).find(|name| name != than))
    }

    /// Replaces or removes one user, provided that the user is as given, and that the other admin is and stays one;
    /// returns whether that was so.
    async fn replace(&self, was: &User, becomes: Option<&User>, stays: Option<&UserName>) -> Result<bool, StoreError> {
        let mut before = item(was);
        let same = [ROLE, GROUPS, PASSWORD].into_iter().filter_map(|name| Some((name, before.remove(name)?)));
        let as_it_was = Condition::All(same.map(|(name, value)| Condition::Is(name, value)).collect());
        let change = match becomes {
            Some(user) => ItemChange::Put(item(user)),
            None => ItemChange::Delete(key(&was.account.name)),
        };
        let mut writes = vec![Write::new(&self.table, change).only_if(as_it_was)];
        if let Some(admin) = stays {
            let is_admin = Condition::Is(ROLE, Value::text(Role::Admin.name()));
            writes.push(Write::new(&self.table, ItemChange::Check(key(admin))).only_if(is_admin));
        }
        self.database.write(writes).await
    }
}

impl Directory for Users {
    fn find<'a>(&'a self, name: &'a UserName) -> BoxFuture<'a, Result<Option<User>, NotFound>> {
        Box::pin(async move { Ok(self.get(name).await?) })
    }
}

impl From<StoreError> for NotFound {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Throttled(service) => Self::Busy(service),
            error => Self::Failed(error.to_string()),
        }
    }
}

fn key(name: &UserName) -> PrimaryKey {
    PrimaryKey::new(name.as_str())
}

fn item(user: &User) -> Item {
    let Account { name, role, groups } = &user.account;
    Item::from([
        (USER, Value::text(name.as_str())),
        (ROLE, Value::text(role.name())),
        (GROUPS, Value::List(groups.iter().map(|group| Value::text(group.as_str())).collect())),
        (PASSWORD, Value::text(user.password.to_phc())),
    ])
}

fn user(item: &Item) -> Result<User, StoreError> {
    let account = account(item)?;
    let password = Hash::parse(field(item, PASSWORD)?).map_err(|error| wrong(PASSWORD, error))?;
    Ok(User { account, password })
}

fn account(item: &Item) -> Result<Account, StoreError> {
    let groups = item.get(GROUPS).and_then(Value::as_list).ok_or_else(|| wrong(GROUPS, "not a list"))?;
    let group = |group: &Value| {
        let name = group.as_text().ok_or_else(|| wrong(GROUPS, "not a list of texts"))?;
        GroupName::parse(name).map_err(|error| wrong(GROUPS, error))
    };
    Ok(Account {
        name: UserName::parse(field(item, USER)?).map_err(|error| wrong(USER, error))?,
        role: field(item, ROLE)?.parse().map_err(|error| wrong(ROLE, error))?,
        groups: groups.iter().map(group).collect::<Result<_, StoreError>>()?,
    })
}

fn field<'a>(item: &'a Item, name: &str) -> Result<&'a str, StoreError> {
    item.get(name).and_then(Value::as_text).ok_or_else(|| wrong(name, "not a text"))
}

fn wrong(attribute: &str, why: impl std::fmt::Display) -> StoreError {
    StoreError::dynamodb(format!("a user's {attribute}: {why}"))
}
