#![allow(clippy::unwrap_used)]

use std::num::NonZeroU32;

use futures::future::BoxFuture;
use reelspan::user::{Account, Password, Role};
use tokio::time::advance;

use super::*;

/// The users of a test.
#[derive(Clone, Default)]
struct Table(Arc<Mutex<HashMap<UserName, User>>>);

impl Table {
    fn set(&self, name: &str, role: Role, password: &str) {
        let name = UserName::parse(name).unwrap();
        let password = Hash::of(&Password::parse(password).unwrap(), NonZeroU32::MIN).unwrap();
        let user = User { account: Account { name: name.clone(), role, groups: Vec::new() }, password };
        self.0.lock().unwrap().insert(name, user);
    }

    fn set_role(&self, name: &str, role: Role) {
        self.0.lock().unwrap().get_mut(&UserName::parse(name).unwrap()).unwrap().account.role = role;
    }
}

impl Directory for Table {
    fn find<'a>(&'a self, name: &'a UserName) -> BoxFuture<'a, Result<Option<User>, NotFound>> {
        let found = self.0.lock().unwrap().get(name).cloned();
        Box::pin(async move { Ok(found) })
    }
}

async fn begun(sessions: &Sessions, name: &str) -> String {
    let password = if name == "alice" { "one" } else { "two" };
    sessions.begin(&UserName::parse(name).unwrap(), password.to_owned()).await.unwrap().unwrap().token
}

async fn role(sessions: &Sessions, token: &str) -> Option<Role> {
    sessions.identity(token).await.unwrap().map(|identity| identity.role)
}

fn table() -> (Table, Sessions) {
    let table = Table::default();
    table.set("alice", Role::Owner, "one");
    table.set("bob", Role::User, "two");
    (table.clone(), Sessions { rounds: NonZeroU32::MIN, ..Sessions::new(table) })
}

#[tokio::test(start_paused = true)]
async fn a_session_ends_when_it_is_not_used_and_after_half_a_day() {
    let (_, sessions) = table();
    let (idle, used) = (begun(&sessions, "alice").await, begun(&sessions, "alice").await);
    assert_ne!(idle, used);
    for _ in 0..7 {
        advance(Duration::from_mins(100)).await;
        assert_eq!(role(&sessions, &used).await, Some(Role::Owner));
    }
    assert_eq!(role(&sessions, &idle).await, None);
    advance(Duration::from_mins(20)).await;
    assert_eq!(role(&sessions, &used).await, None);
    assert_eq!(sessions.known().len(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_session_is_signed_out_alone_or_with_all_of_its_user() {
    let (_, sessions) = table();
    let [one, two, three] =
        [begun(&sessions, "alice").await, begun(&sessions, "alice").await, begun(&sessions, "alice").await];
    let other = begun(&sessions, "bob").await;
    sessions.end(&one);
    assert_eq!((role(&sessions, &one).await, role(&sessions, &two).await), (None, Some(Role::Owner)));
    sessions.end_all("alice");
    for token in [&two, &three] {
        assert_eq!(role(&sessions, token).await, None);
    }
    assert_eq!(role(&sessions, &other).await, Some(Role::User));
    for token in ["", "x", &"x".repeat(1 << 20)] {
        assert_eq!(role(&sessions, token).await, None);
    }
}

#[tokio::test(start_paused = true)]
async fn a_change_of_the_user_counts_within_a_minute_and_at_once_if_asked() {
    let (users, sessions) = table();
    let [alice, bob] = [begun(&sessions, "alice").await, begun(&sessions, "bob").await];
    users.set_role("alice", Role::User);
    assert_eq!(role(&sessions, &alice).await, Some(Role::Owner));
    advance(TIME_TO_LIVE).await;
    assert_eq!(role(&sessions, &alice).await, Some(Role::User));
    users.set("alice", Role::User, "another");
    let alice_name = UserName::parse("alice").unwrap();
    sessions.look_again(&alice_name);
    assert_eq!(role(&sessions, &alice).await, None);
    let again = |password: &str| sessions.begin(&alice_name, password.to_owned());
    assert!(again("one").await.unwrap().is_none() && again("another").await.unwrap().is_some());
    users.0.lock().unwrap().clear();
    advance(TIME_TO_LIVE).await;
    assert_eq!(role(&sessions, &bob).await, None);
    assert!(again("another").await.unwrap().is_none());
}

#[tokio::test(start_paused = true)]
async fn a_user_has_so_many_sessions_and_the_latest_stay() {
    let (_, sessions) = table();
    let other = begun(&sessions, "bob").await;
    let mut tokens = Vec::new();
    for _ in 0..MOST_OF_A_USER + 2 {
        tokens.push(begun(&sessions, "alice").await);
        advance(Duration::from_millis(1)).await;
    }
    let mut left = Vec::new();
    for token in &tokens {
        left.push(role(&sessions, token).await.is_some());
    }
    assert_eq!(left.iter().position(|left| *left), Some(2));
    assert_eq!(role(&sessions, &other).await, Some(Role::User));
    assert!(!format!("{sessions:?}").contains("alice"));
}

#[test]
fn a_session_has_a_token_against_csrf_that_is_no_other_s() {
    let csrf = csrf_token("one");
    assert!(is_csrf_token(csrf.as_bytes(), "one"));
    for (sent, token) in [(csrf.as_str(), "two"), ("one", "one"), ("", "one"), (&csrf[1..], "one")] {
        assert!(!is_csrf_token(sent.as_bytes(), token), "{sent}");
    }
    assert!(!csrf.contains("one"));
}
