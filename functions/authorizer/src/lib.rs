//! The Lambda function behind an HTTP API's authorizer: it authenticates the callers of routes that are closed to anonymous ones.
//! What it says about a request goes to the routes' functions, where [`reelspan_rest::authentication::layer`] reads it.
//!
//! Say who sends a request:
//!
//! ```
//! # use std::{num::NonZeroU32, sync::Arc};
//! use reelspan::store::{DynamoDb, SESSIONS, Sessions, USERS, Users, create_tables};
//! use reelspan::user::{Account, Authenticator, Hash, Password, Role, Settings, User, UserName};
//! use reelspan_authorizer::{AuthorizerEvent, authorize};
//!
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let config = reelspan_testkit::aws::database().await;
//! # create_tables(&config).await?;
//! # let (database, rounds) = (Arc::new(DynamoDb::new(config)), NonZeroU32::MIN);
//! let users = Users::new(database.clone(), USERS.name);
//! let account = Account { name: UserName::parse("alice")?, role: Role::Owner, groups: Vec::new() };
//! let password = Hash::of(&Password::parse("open sesame")?, rounds)?;
//! users.add(&User { account, password }).await?;
//!
//! let sessions = Sessions::new(users.clone(), database, SESSIONS.name);
//! let authenticator = Authenticator::new(users, Settings { rounds, ..Settings::default() })?;
//! let event: AuthorizerEvent = serde_json::from_str(r#"{"headers": {"authorization": "Basic YWxpY2U6b3BlbiBzZXNhbWU="}}"#)?;
//! let response = serde_json::to_value(authorize(&authenticator, &sessions, event).await)?;
//! assert_eq!(response["isAuthorized"], true);
//! assert_eq!(response["context"]["user"], "alice");
//! # Ok(())
//! # }
//! ```

mod lambda;

pub use lambda::{AuthorizerEvent, AuthorizerResponse, authorize};
