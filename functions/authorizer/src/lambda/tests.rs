#![allow(clippy::unwrap_used)]

use std::num::NonZeroU32;

use futures::future::BoxFuture;
use reelspan::user::{Account, Directory, GroupName, Hash, NotFound, Password, Role, Settings, User, UserName};
use serde_json::{Value, json};

use super::*;

/// `alice` with the password `a:b`, and `broken`, at whom the directory breaks.
struct Alice;

impl Directory for Alice {
    fn find<'a>(&'a self, name: &'a UserName) -> BoxFuture<'a, Result<Option<User>, NotFound>> {
        let groups = vec![GroupName::parse("staff").unwrap(), GroupName::parse("film").unwrap()];
        let account = Account { name: UserName::parse("alice").unwrap(), role: Role::Owner, groups };
        let password = Hash::of(&Password::parse("a:b").unwrap(), NonZeroU32::MIN).unwrap();
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

#[tokio::test]
async fn the_authorizer_lets_everybody_through_with_a_name_or_a_refusal() {
    let authenticator = authenticator();
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
        let answer = serde_json::to_value(authorize(&authenticator, event).await).unwrap();
        assert_eq!(answer, json!({ "isAuthorized": true, "context": context }), "{headers}");
    }
}
