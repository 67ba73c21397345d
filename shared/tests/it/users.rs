//! The users' table: adding, keeping and removing users.

use std::num::NonZeroU32;
use std::sync::Arc;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use futures::future::join_all;
use reelspan::store::{DynamoDb, Registry, StoreError, USERS, Users, UsersError, create_tables};
use reelspan::user::{
    Account, Authenticator, Denied, Directory, GroupName, Hash, NotFound, Password, Role, Settings, User, UserName,
    check,
};
use reelspan_testkit::aws::database;

const FEW: NonZeroU32 = NonZeroU32::new(10).unwrap();

async fn users() -> (Client, Users) {
    let config = database().await;
    create_tables(&config).await.unwrap();
    (Client::from_conf(config.clone().build()), Users::new(Arc::new(DynamoDb::new(config)), USERS.name))
}

fn name(name: &str) -> UserName {
    UserName::parse(name).unwrap()
}

fn user(user: &str, role: Role, groups: &[&str]) -> User {
    let groups = groups.iter().map(|group| GroupName::parse(group).unwrap()).collect();
    let password = Hash::of(&Password::parse(format!("{user}'s")).unwrap(), FEW).unwrap();
    User { account: Account { name: name(user), role, groups }, password }
}

async fn who(users: &Users) -> Vec<String> {
    let accounts = users.list().await.unwrap();
    accounts.iter().map(|account| format!("{} {} {}", account.name, account.role, account.groups.len())).collect()
}

#[tokio::test]
async fn what_is_put_is_what_is_found() {
    let (_, users) = users().await;
    assert_eq!(users.get(&name("alice")).await.unwrap(), None);
    for user in [user("bob", Role::User, &[]), user("alice", Role::Owner, &["staff", "film"])] {
        users.add(&user).await.unwrap();
        assert_eq!(users.get(&user.account.name).await.unwrap(), Some(user));
    }
    assert_eq!(who(&users).await, ["alice owner 2", "bob user 0"]);
}

#[tokio::test]
async fn a_list_has_all_pages() {
    let (_, users) = users().await;
    let groups: Vec<String> = (0..200).map(|number| format!("group{number:0>59}")).collect();
    let groups: Vec<&str> = groups.iter().map(String::as_str).collect();
    // About 13 KB each, and a page has at most 1 MB.
    for number in 0..100 {
        users.add(&user(&format!("user-{number:03}"), Role::User, &groups)).await.unwrap();
    }
    let expected: Vec<String> = (0..100).map(|number| format!("user-{number:03} user 200")).collect();
    assert_eq!(who(&users).await, expected);
}

#[tokio::test]
async fn a_name_is_taken_once() {
    let (_, users) = users().await;
    let (first, second) = (user("alice", Role::User, &[]), user("alice", Role::Admin, &["staff"]));
    users.add(&first).await.unwrap();
    assert!(matches!(users.add(&second).await, Err(UsersError::Taken(taken)) if taken == name("alice")));
    assert_eq!(users.get(&name("alice")).await.unwrap(), Some(first));
}

#[tokio::test]
async fn nobody_is_changed_or_removed_who_is_not_there() {
    let (_, users) = users().await;
    let unknown = |error| matches!(error, Err(UsersError::Unknown(who)) if who == name("alice"));
    assert!(unknown(users.remove(&name("alice")).await));
    assert!(unknown(users.set(&name("alice"), |user| user).await));
    assert_eq!(who(&users).await, [""; 0]);
}

#[tokio::test]
async fn a_change_is_of_what_the_user_is_by_then() {
    let (_, users) = users().await;
    users.add(&user("root", Role::Admin, &[])).await.unwrap();
    users.add(&user("alice", Role::User, &[])).await.unwrap();
    let alice = name("alice");
    let group = |group: String| {
        let (users, alice, group) = (&users, &alice, GroupName::parse(&group).unwrap());
        async move {
            let join = |mut user: User| {
                user.account.groups.push(group.clone());
                user
            };
            users.set(alice, join).await
        }
    };
    let joined = join_all((0..4).map(|number| group(format!("g{number}")))).await;
    let in_time = joined.iter().filter(|joined| joined.is_ok()).count();
    let mut groups = users.get(&alice).await.unwrap().unwrap().account.groups;
    groups.dedup();
    assert_eq!(groups.len(), in_time, "no change undoes another");
    assert!(in_time >= 2, "{joined:?}");

    // Even a change that tries cannot rename a user.
    let other = user("bob", Role::Owner, &[]);
    users.set(&alice, |_| other.clone()).await.unwrap();
    assert_eq!(who(&users).await, ["alice owner 0", "root admin 0"]);
    let kept = users.get(&alice).await.unwrap().unwrap();
    assert!(check(b"bob's", Some(&kept.password), FEW).right);
}

#[tokio::test]
async fn there_is_always_an_admin() {
    let (_, users) = users().await;
    let root = name("root");
    let less = |user: User| User { account: Account { role: Role::Owner, ..user.account }, ..user };
    let only = |done| matches!(done, Err(UsersError::OnlyAdmin(who)) if who == root);
    users.add(&user("root", Role::Admin, &[])).await.unwrap();
    users.add(&user("alice", Role::Owner, &[])).await.unwrap();
    assert!(only(users.remove(&root).await));
    assert!(only(users.set(&root, less).await));
    // As an admin it may be changed in other ways.
    let password = Hash::of(&Password::parse("new").unwrap(), FEW).unwrap();
    users.set(&root, |user| User { password: password.clone(), ..user }).await.unwrap();

    users.add(&user("carol", Role::Admin, &[])).await.unwrap();
    users.set(&root, less).await.unwrap();
    users.remove(&root).await.unwrap();
    users.remove(&name("alice")).await.unwrap();
    assert!(matches!(users.remove(&name("carol")).await, Err(UsersError::OnlyAdmin(_))));
    assert_eq!(who(&users).await, ["carol admin 0"]);
}

#[tokio::test]
async fn admins_who_remove_each_other_do_not_all_get_their_way() {
    let (_, users) = users().await;
    for round in 0..5 {
        let admins: Vec<UserName> = (0..4).map(|number| name(&format!("admin-{round}-{number}"))).collect();
        for admin in &admins {
            users.add(&user(admin.as_str(), Role::Admin, &[])).await.unwrap();
        }
        let removed = join_all(admins.iter().map(|admin| users.remove(admin))).await;
        let left = users.list().await.unwrap();
        assert!(!left.is_empty(), "{removed:?}");
        for done in removed {
            assert!(matches!(done, Ok(()) | Err(UsersError::OnlyAdmin(_) | UsersError::Contended(_))), "{done:?}");
        }
    }
}

#[tokio::test]
async fn an_item_that_is_no_user_is_nobody() {
    let (client, users) = users().await;
    users.add(&user("alice", Role::Owner, &["staff"])).await.unwrap();
    let text = |text: &str| AttributeValue::S(text.to_owned());
    for (attribute, value) in [
        ("role", text("root")),
        ("role", AttributeValue::Bool(true)),
        ("groups", text("staff")),
        ("groups", AttributeValue::L(vec![text("Staff!")])),
        ("password", text("alice's")),
        ("password", text("$pbkdf2-sha256$i=4294967295,l=32$AAECAwQFBgcICQoLDA0ODw$AAECAwQFBgcICQoLDA0ODw")),
    ] {
        let good = client.get_item().table_name(USERS.name).key("user", text("alice")).send().await.unwrap();
        let put = client.put_item().table_name(USERS.name).set_item(good.item);
        put.item("user", text("mallory")).item(attribute, value).send().await.unwrap();
        let Err(StoreError::Service { message, .. }) = users.get(&name("mallory")).await else { panic!("{attribute}") };
        assert!(message.contains(attribute), "{message}");
        assert!(!message.contains("alice's"), "{message}");
        assert!(matches!(users.find(&name("mallory")).await, Err(NotFound::Failed(_))));
    }
}

#[tokio::test]
async fn users_of_the_table_are_let_in() {
    let (_, users) = users().await;
    users.add(&user("alice", Role::Owner, &["staff"])).await.unwrap();
    let settings = Settings { rounds: FEW, ..Settings::default() };
    let authenticator = Authenticator::new(Registry { users, first_admin: None }, settings).unwrap();
    // alice:alice's
    let identity = authenticator.authenticate(Some(b"Basic YWxpY2U6YWxpY2Uncw=="), None).await.unwrap().unwrap();
    assert_eq!(
        (identity.name.as_str(), identity.role, identity.groups),
        ("alice", Role::Owner, vec!["staff".to_owned()])
    );
    // bob:alice's
    assert_eq!(authenticator.authenticate(Some(b"Basic Ym9iOmFsaWNlJ3M="), None).await, Err(Denied::Wrong));
}
