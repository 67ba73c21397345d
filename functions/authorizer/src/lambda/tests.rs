#![allow(clippy::unwrap_used)]

use std::num::NonZeroU32;
use std::sync::Arc;

use futures::future::BoxFuture;
use reelspan::store::{DynamoDb, SESSIONS, create_tables};
use reelspan::user::{Account, Directory, GroupName, Hash, NotFound, Password, Role, Settings, User, UserName};
use serde_json::{Value, json};

use super::*;

/// `alice` with the password `a:b`, and `broken`, at whom the directory breaks.
struct Alice;

impl Directory for Alice {
    fn find<'a>(&'a self, name: &'a UserName) -> BoxFuture<'a, Result<Option<User>, NotFound>> {
        let groups = vec![GroupName::parse("staff").unwrap(), GroupName::parse("film").unwrap()];
        let account = Account { name: UserName::parse("alice").unwrap(), role: Role::Owner, groups };
        let password = Hash::repeatable(&Password::parse("a:b").unwrap(), NonZeroU32::MIN);
        let found = match name.as_str() {
            "alice" => Ok(Some(User { account, password })),
            "broken" => Err(NotFound::Failed("secret detail".to_owned())),
            _ => Ok(None),
        };
        Box::pin(std::future::ready(found))
    }
}

fn authenticator() -> Authenticator {
    Authenticator::new(Alice, Settings { rounds: NonZeroU32::MIN, ..Settings::default() }).unwrap()
}

/// The sessions of a service in which no user is signed in.
async fn sessions() -> Sessions {
    let config = reelspan_testkit::aws::database().await;
    create_tables(&config).await.unwrap();
    Sessions::new(Alice, Arc::new(DynamoDb::new(config)), SESSIONS.name).with_rounds(NonZeroU32::MIN)
}

#[tokio::test]
async fn a_session_counts_if_a_request_that_changes_something_proves_where_it_comes_from() {
    let (authenticator, sessions) = (authenticator(), sessions().await);
    let name = UserName::parse("alice").unwrap();
    let token = sessions.begin(&name, "a:b".to_owned()).await.unwrap().unwrap().token;
    let csrf = session::csrf_token(&token);
    let origin = "https://id.execute-api.eu-west-1.amazonaws.com";
    let right = json!({ "origin": origin, "x-reelspan-csrf": csrf });
    for (method, headers, cookie, by) in [
        ("GET", json!({}), token.as_str(), "alice"),
        ("PUT", right.clone(), &token, "alice"),
        ("PUT", json!({ "origin": origin }), &token, "403"),
        ("PUT", json!({ "origin": origin, "x-reelspan-csrf": token }), &token, "403"),
        // Without a browser's word of where it comes from, the session does not count.
        ("PUT", json!({ "x-reelspan-csrf": csrf }), &token, "401"),
        ("GET", json!({ "authorization": "Basic YWxpY2U6YQ==" }), &token, "401"),
        ("GET", json!({}), "x.alice", "401"),
        ("GET", json!({}), "", "401"),
    ] {
        let cookies = ["a=b".to_owned(), format!("reelspan-session={cookie}")];
        let context = json!({ "http": { "method": method } });
        let event = json!({ "headers": headers, "cookies": cookies, "requestContext": context });
        let answer = authorize(&authenticator, &sessions, serde_json::from_value(event).unwrap()).await;
        let said = serde_json::to_value(answer.context).unwrap();
        assert_eq!(said.get("user").or(said.get("refused")).unwrap(), by, "{method} {headers} {cookie}");
    }
}

#[tokio::test]
async fn the_authorizer_lets_everybody_through_with_a_name_or_a_refusal() {
    let (authenticator, sessions) = (authenticator(), sessions().await);
    let alice = json!({ "user": "alice", "role": "owner", "groups": "staff,film" });
    let refused = |status: &str, why: &str| json!({ "refused": status, "why": why });
    let scheme = "the Authorization field is not of the Basic scheme";
    for (headers, context) in [
        (json!({ "authorization": "Basic YWxpY2U6YTpi" }), alice),
        (json!({ "authorization": "Basic YWxpY2U6YQ==" }), refused("401", "user name or password is wrong")),
        (
            json!({ "authorization": "Basic YWxpY2U6YTpi,Basic YWxpY2U6YTpi" }),
            refused("401", "the credentials are not base64"),
        ),
        (json!({ "authorization": "Bearer YWxpY2U6YTpi" }), refused("401", scheme)),
        (json!({ "authorization": "Basic YnJva2VuOg==" }), refused("503", "the users cannot be read")),
        (json!({ "authorization": "" }), refused("401", scheme)),
        (json!({ "x-authorization": "Basic YWxpY2U6YTpi" }), refused("401", "there are no credentials")),
        (json!({}), refused("401", "there are no credentials")),
        (Value::Null, refused("401", "there are no credentials")),
    ] {
        let event = serde_json::from_value(json!({ "headers": headers })).unwrap();
        let answer = serde_json::to_value(authorize(&authenticator, &sessions, event).await).unwrap();
        assert_eq!(answer, json!({ "isAuthorized": true, "context": context }), "{headers}");
    }
}
