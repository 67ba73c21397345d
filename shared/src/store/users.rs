//! The table `Users`: partition key `user`, and the role, the groups, and the password's hash.
//!
//! A writer names the previous state of a user, so that of two concurrent writers the second sees what the first did.
//! And there is always an admin: removing or demoting one also checks, in the same transaction, that another one stays
//! ([`Users::remove`], [`Users::set`]), so that two admins who remove each other do not both succeed.

use std::collections::HashMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config as dynamodb;
use aws_sdk_dynamodb::error::ProvideErrorMetadata;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{AttributeValue, ConditionCheck, Delete, Put, TransactWriteItem};
use futures::future::BoxFuture;

use super::of_dynamodb;
use super::retry::Backoff;
use super::{Error, USERS, Unset, aws, timeouts};
use crate::user::{Account, Directory, GroupName, Hash, NotFound, Role, User, UserName};

/// How often a change is retried if others interfere.
const ATTEMPTS: u32 = 8;

/// The partition key of an item.
const USER: &str = USERS.partition;
const ROLE: &str = "role";
const GROUPS: &str = "groups";
const PASSWORD: &str = "password";

type Item = HashMap<String, AttributeValue>;

/// The table of users.
#[derive(Clone, Debug)]
pub struct Users {
    client: Client,
    table: String,
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
    Store(#[from] Error),
}

impl Users {
    /// The table of this name, with a client of this configuration.
    #[must_use]
    pub fn new(config: dynamodb::Builder, table: impl Into<String>) -> Self {
        let client = Client::from_conf(config.timeout_config(timeouts()).build());
        Self { client, table: table.into() }
    }

    /// The table of this name, with the SDKs' configuration from the environment (region, credentials, endpoints).
    pub async fn load(table: impl Into<String>) -> Self {
        let config = aws().await;
        Self::new(dynamodb::Builder::from(config), table)
    }

    /// The table from a function's environment: `USERS_TABLE`.
    pub async fn from_env() -> Result<Self, Unset> {
        Ok(Self::load(super::variable("USERS_TABLE")?).await)
    }

    /// The current user of this name.
    pub async fn get(&self, name: &UserName) -> Result<Option<User>, Error> {
        let request = self.client.get_item().table_name(&self.table).set_key(Some(key(name))).consistent_read(true);
        let answer = request.send().await.map_err(|error| of_dynamodb(&error))?;
        answer.item.as_ref().map(user).transpose()
    }

    /// All users, by name.
    pub async fn list(&self) -> Result<Vec<Account>, Error> {
        let scan = self.client.scan().table_name(&self.table).consistent_read(true);
        let scan = scan.projection_expression("#user, #role, #groups");
        let scan = scan.set_expression_attribute_names(Some(names(&[USER, ROLE, GROUPS])));
        let mut items = scan.into_paginator().items().send();
        let mut accounts = Vec::new();
        while let Some(item) = items.next().await {
            accounts.push(account(&item.map_err(|error| of_dynamodb(&error))?)?);
        }
        accounts.sort_by(|one: &Account, other| one.name.cmp(&other.name));
        Ok(accounts)
    }

    /// Adds a user, if the name is free.
    pub async fn add(&self, user: &User) -> Result<(), UsersError> {
        let put = self.client.put_item().table_name(&self.table).set_item(Some(item(user)));
        let put = put.condition_expression("attribute_not_exists(#user)").expression_attribute_names("#user", USER);
        match put.send().await {
            Ok(_) => Ok(()),
            Err(error) if error.as_service_error().is_some_and(PutItemError::is_conditional_check_failed_exception) => {
                Err(UsersError::Taken(user.account.name.clone()))
            }
            Err(error) => Err(of_dynamodb(&error).into()),
        }
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
    async fn other_admin(&self, than: &UserName) -> Result<Option<UserName>, Error> {
        let admins = self.list().await?.into_iter().filter(|account| account.role == Role::Admin);
        Ok(admins.map(|account| account.name).find(|name| name != than))
    }

    /// Replaces or removes one user, provided that the user is as given, and that the other admin is and stays one;
    /// returns whether that was so.
    async fn replace(&self, was: &User, becomes: Option<&User>, stays: Option<&UserName>) -> Result<bool, Error> {
        const AS_IT_WAS: &str = "#role = :role AND #groups = :groups AND #password = :password";
        let same = names(&[ROLE, GROUPS, PASSWORD]);
        let mut before = item(was);
        before.remove(USER);
        let before = before.into_iter().map(|(name, value)| (format!(":{name}"), value)).collect();
        let change = TransactWriteItem::builder();
        let change = match becomes {
            Some(user) => change.put(
                Put::builder()
                    .table_name(&self.table)
                    .set_item(Some(item(user)))
                    .condition_expression(AS_IT_WAS)
                    .set_expression_attribute_names(Some(same))
                    .set_expression_attribute_values(Some(before))
                    .build()
                    .map_err(Error::dynamodb)?,
            ),
            None => change.delete(
                Delete::builder()
                    .table_name(&self.table)
                    .set_key(Some(key(&was.account.name)))
                    .condition_expression(AS_IT_WAS)
                    .set_expression_attribute_names(Some(same))
                    .set_expression_attribute_values(Some(before))
                    .build()
                    .map_err(Error::dynamodb)?,
            ),
        };
        let mut transaction = self.client.transact_write_items().transact_items(change.build());
        if let Some(admin) = stays {
            let check = ConditionCheck::builder()
                .table_name(&self.table)
                .set_key(Some(key(admin)))
                .condition_expression("#role = :role")
                .expression_attribute_names("#role", ROLE)
                .expression_attribute_values(":role", text(Role::Admin.name()))
                .build()
                .map_err(Error::dynamodb)?;
            transaction = transaction.transact_items(TransactWriteItem::builder().condition_check(check).build());
        }
        match transaction.send().await {
            Ok(_) => Ok(true),
            Err(error) if error.as_service_error().is_some_and(is_in_the_way) => Ok(false),
            Err(error) => Err(of_dynamodb(&error)),
        }
    }
}

/// Whether others changed the same users, before or just now.
fn is_in_the_way(error: &TransactWriteItemsError) -> bool {
    const IN_THE_WAY: [&str; 2] = ["ConditionalCheckFailed", "TransactionConflict"];
    match error {
        TransactWriteItemsError::TransactionCanceledException(cancelled) => {
            let mut codes = cancelled.cancellation_reasons().iter().filter_map(|reason| reason.code());
            codes.any(|code| IN_THE_WAY.contains(&code))
        }
        error => error.code() == Some("TransactionInProgressException"),
    }
}

impl Directory for Users {
    fn find<'a>(&'a self, name: &'a UserName) -> BoxFuture<'a, Result<Option<User>, NotFound>> {
        Box::pin(async move { Ok(self.get(name).await?) })
    }
}

impl From<Error> for NotFound {
    fn from(error: Error) -> Self {
        match error {
            Error::Throttled(service) => Self::Busy(service),
            error => Self::Failed(error.to_string()),
        }
    }
}

fn text(text: impl Into<String>) -> AttributeValue {
    AttributeValue::S(text.into())
}

fn key(name: &UserName) -> Item {
    HashMap::from([(USER.to_owned(), text(name.as_str()))])
}

/// The names of attributes as placeholders, because several are reserved words of DynamoDB.
fn names(names: &[&str]) -> HashMap<String, String> {
    names.iter().map(|name| (format!("#{name}"), (*name).to_owned())).collect()
}

fn item(user: &User) -> Item {
    let Account { name, role, groups } = &user.account;
    let groups = groups.iter().map(|group| text(group.as_str())).collect();
    let mut item = key(name);
    item.insert(ROLE.to_owned(), text(role.name()));
    item.insert(GROUPS.to_owned(), AttributeValue::L(groups));
    item.insert(PASSWORD.to_owned(), text(user.password.to_phc()));
    item
}

fn user(item: &Item) -> Result<User, Error> {
    let account = account(item)?;
    let password = Hash::parse(field(item, PASSWORD)?).map_err(|error| wrong(PASSWORD, error))?;
    Ok(User { account, password })
}

fn account(item: &Item) -> Result<Account, Error> {
    let groups = match item.get(GROUPS) {
        Some(AttributeValue::L(groups)) => groups.as_slice(),
        _ => return Err(wrong(GROUPS, "not a list")),
    };
    let group = |group: &AttributeValue| {
        let name = group.as_s().map_err(|_| wrong(GROUPS, "not a list of texts"))?;
        GroupName::parse(name).map_err(|error| wrong(GROUPS, error))
    };
    Ok(Account {
        name: UserName::parse(field(item, USER)?).map_err(|error| wrong(USER, error))?,
        role: field(item, ROLE)?.parse().map_err(|error| wrong(ROLE, error))?,
        groups: groups.iter().map(group).collect::<Result<_, Error>>()?,
    })
}

fn field<'a>(item: &'a Item, name: &str) -> Result<&'a str, Error> {
    item.get(name).and_then(|value| value.as_s().ok()).map(String::as_str).ok_or_else(|| wrong(name, "not a text"))
}

fn wrong(attribute: &str, why: impl std::fmt::Display) -> Error {
    Error::dynamodb(format!("a user's {attribute}: {why}"))
}
