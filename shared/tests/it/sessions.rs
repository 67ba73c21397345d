//! Sessions of browsers, and failed sign-ins, in DynamoDB.

use std::collections::HashMap;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex};

use futures::future::{BoxFuture, join_all};
use reelspan::store::{DynamoDb, Guesses, IDLE, LONGEST, SESSIONS, Sessions, create_tables};
use reelspan::user::{Account, Denied, Directory, FailureLimits, Hash, NotFound, Password, Role, User, UserName};
use reelspan_testkit::aws::database;

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

fn name(name: &str) -> UserName {
    UserName::parse(name).unwrap()
}

async fn begun(sessions: &Sessions, user: &str, now: u64) -> String {
    let password = if user == "alice" { "one" } else { "two" };
    sessions.begin_at(&name(user), password.to_owned(), now).await.unwrap().unwrap().token
}

async fn role(sessions: &Sessions, token: &str, now: u64) -> Option<Role> {
    sessions.identity_at(token, now).await.unwrap().map(|identity| identity.role)
}

/// Two processes with the same table.
async fn world() -> (Table, Sessions, Sessions) {
    let config = database().await;
    create_tables(&config).await.unwrap();
    let table = Table::default();
    table.set("alice", Role::Owner, "one");
    table.set("bob", Role::User, "two");
    let process = || {
        let database = Arc::new(DynamoDb::new(config.clone()));
        Sessions::new(table.clone(), database, SESSIONS.name).with_rounds(NonZeroU32::MIN)
    };
    (table.clone(), process(), process())
}

#[tokio::test]
async fn a_session_ends_when_it_is_not_used_and_after_half_a_day() {
    let (_, one, other) = world().await;
    let (idle, used) = (begun(&one, "alice", 0).await, begun(&one, "alice", 0).await);
    assert_ne!(idle, used);
    for hour in 1..12 {
        assert_eq!(role(&other, &used, hour * 3600).await, Some(Role::Owner));
    }
    assert_eq!(role(&one, &idle, IDLE - 1).await, Some(Role::Owner));
    assert_eq!(role(&one, &idle, 2 * IDLE - 1).await, None);
    assert_eq!(role(&one, &used, LONGEST - 1).await, Some(Role::Owner));
    assert_eq!(role(&one, &used, LONGEST).await, None);
}

#[tokio::test]
async fn a_session_is_signed_out_alone_or_with_all_of_its_user_in_every_process() {
    let (_, sessions, other) = world().await;
    let mut tokens = Vec::new();
    for _ in 0..3 {
        tokens.push(begun(&sessions, "alice", 0).await);
    }
    let bob = begun(&sessions, "bob", 0).await;
    sessions.end(&tokens[0]).await.unwrap();
    assert_eq!((role(&other, &tokens[0], 1).await, role(&other, &tokens[1], 1).await), (None, Some(Role::Owner)));
    sessions.end_all(&name("alice")).await.unwrap();
    for token in &tokens {
        assert_eq!(role(&other, token, 1).await, None);
    }
    assert_eq!(role(&other, &bob, 1).await, Some(Role::User));
    let another = format!("{}.alice", bob.split_once('.').unwrap().0);
    for token in ["", "x", "x.alice", ".", "x.not a name", &"x".repeat(1 << 20), &another] {
        assert_eq!(role(&sessions, token, 1).await, None);
        sessions.end(token).await.unwrap();
    }
}

#[tokio::test]
async fn a_change_of_the_user_counts_at_once() {
    let (users, sessions, other) = world().await;
    let [alice, bob] = [begun(&sessions, "alice", 0).await, begun(&sessions, "bob", 0).await];
    users.set_role("alice", Role::User);
    assert_eq!(role(&other, &alice, 1).await, Some(Role::User));
    users.set("alice", Role::User, "another");
    assert_eq!(role(&other, &alice, 1).await, None);
    let alice = name("alice");
    assert!(sessions.begin(&alice, "one".to_owned()).await.unwrap().is_none());
    assert!(sessions.begin(&alice, "another".to_owned()).await.unwrap().is_some());
    users.0.lock().unwrap().clear();
    assert_eq!(role(&sessions, &bob, 1).await, None);
    assert!(sessions.begin(&alice, "another".to_owned()).await.unwrap().is_none());
}

#[tokio::test]
async fn a_user_has_so_many_sessions_and_the_latest_stay() {
    let (_, sessions, _) = world().await;
    let bob = begun(&sessions, "bob", 0).await;
    let mut tokens = Vec::new();
    for now in 0..18 {
        tokens.push(begun(&sessions, "alice", now).await);
    }
    let mut left = Vec::new();
    for token in &tokens {
        left.push(role(&sessions, token, 20).await.is_some());
    }
    assert_eq!(left, [[false; 2].as_slice(), &[true; 16]].concat());
    assert_eq!(role(&sessions, &bob, 20).await, Some(Role::User));
    assert!(!format!("{sessions:?}").contains("alice"));
}

#[tokio::test]
async fn guesses_count_in_all_processes_and_however_many_come_at_once() {
    let config = database().await;
    create_tables(&config).await.unwrap();
    let process = || Guesses::new(Arc::new(DynamoDb::new(config.clone())), SESSIONS.name, FailureLimits::default());
    let processes = [process(), process()];
    let here: Option<IpAddr> = Some("192.0.2.1".parse().unwrap());
    let attempts = (0..12).map(|at| processes[at % 2].attempt_at("alice", here, 1000));
    let attempts = join_all(attempts).await;
    let allowed = attempts.iter().filter(|attempt| attempt.is_ok()).count();
    // Five are free, and the sixth is checked too; who lost against the others eight times was not checked.
    assert!(allowed <= 6, "{allowed}");
    while processes[0].attempt_at("alice", here, 1000).await.is_ok() {}
    for (seconds, at) in [(1, 1000), (2, 1001), (4, 1003)] {
        let denied = |told| Denied::Limited { seconds, again: told };
        assert_eq!(processes[1].attempt_at("alice", here, at).await.unwrap_err(), denied(seconds == 1));
        assert_eq!(processes[0].attempt_at("alice", here, at).await.unwrap_err(), denied(true));
        assert!(processes[0].attempt_at("alice", here, at + seconds).await.is_ok());
    }
    // Other names there and the same name elsewhere are not affected, and what was right is forgotten.
    for (name, address) in [("bob", here), ("alice", Some("192.0.2.2".parse().unwrap())), ("alice", None)] {
        for _ in 0..20 {
            let attempt = processes[0].attempt(name, address).await.unwrap();
            processes[1].was_right(&attempt).await.unwrap();
        }
    }
    assert!(processes[1].attempt_at("alice", here, 1007 + 3600).await.is_ok());
}
