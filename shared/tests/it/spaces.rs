//! The table of spaces.

use reelspan::space::SpaceId;
use reelspan::space::acl::{Acl, Grantee, Right};
use reelspan::space::properties::Properties;
use reelspan::space::record::{Space, SpaceState};
use reelspan::store::SPACES;
use reelspan::user::UserName;

use super::empty_stores;

fn id(name: &str) -> SpaceId {
    SpaceId::parse(name).unwrap()
}

fn space(name: &str) -> Space {
    Space::new(id(name), Some(&UserName::parse("alice").unwrap()), 1_459_879_151)
}

#[tokio::test]
async fn a_space_is_made_once_and_changed_only_while_it_is_there() {
    let (_, stores) = empty_stores().await;
    let (table, films) = (stores.spaces(SPACES.name), id("films"));
    let mut acl = Acl::default();
    acl.grant(Grantee::Public, Right::Read).unwrap();

    assert_eq!(table.get(&films).await.unwrap(), None);
    assert!(!table.set_acl(&films, &acl).await.unwrap());
    assert!(table.create(&space("films")).await.unwrap());
    assert!(!table.create(&Space::new(films.clone(), None, 0)).await.unwrap());
    assert_eq!(table.get(&films).await.unwrap(), Some(space("films")));
    assert!(table.set_acl(&films, &acl).await.unwrap());
    assert_eq!(table.get(&films).await.unwrap(), Some(Space { acl: acl.clone(), ..space("films") }));

    assert!(!table.remove(&films).await.unwrap(), "a live space was removed");
    assert!(table.set_state(&films, SpaceState::Live, SpaceState::Deleting).await.unwrap());
    assert!(!table.set_state(&films, SpaceState::Live, SpaceState::Deleting).await.unwrap(), "it was deleted twice");
    assert!(!table.set_acl(&films, &acl).await.unwrap(), "a space on its way out was shared");
    assert!(!table.create(&space("films")).await.unwrap(), "its name was given away early");
    assert!(table.remove(&films).await.unwrap());
    assert!(!table.remove(&films).await.unwrap());
    assert!(table.create(&space("films")).await.unwrap());
}

#[tokio::test]
async fn the_properties_of_a_space_are_replaced_while_it_is_there() {
    let (_, stores) = empty_stores().await;
    let (table, films) = (stores.spaces(SPACES.name), id("films"));
    let of = |pairs: &[(&str, &str)]| {
        Properties::new(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))).unwrap()
    };
    assert!(!table.set_properties(&films, &of(&[("color", "green")])).await.unwrap());
    assert!(table.create(&space("films")).await.unwrap());
    for pairs in [&[("color", "grün"), ("tags", "")][..], &[("tags", "a|b")], &[]] {
        assert!(table.set_properties(&films, &of(pairs)).await.unwrap());
        let properties = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        assert_eq!(table.get(&films).await.unwrap(), Some(Space { properties, ..space("films") }));
    }
    assert!(table.set_state(&films, SpaceState::Live, SpaceState::Deleting).await.unwrap());
    assert!(!table.set_properties(&films, &of(&[("color", "green")])).await.unwrap());
}

#[tokio::test]
async fn of_many_who_make_a_space_one_does() {
    let (_, stores) = empty_stores().await;
    let table = stores.spaces(SPACES.name);
    let made = futures::future::join_all((0..8).map(|_| async { table.create(&space("films")).await.unwrap() })).await;
    assert_eq!(made.into_iter().filter(|made| *made).count(), 1);
}

#[tokio::test]
async fn spaces_come_in_the_order_of_their_names() {
    let (_, stores) = empty_stores().await;
    let table = stores.spaces(SPACES.name);
    let mut names: Vec<_> = (0..50).map(|number| format!("space{}", number * 7 % 50)).collect();
    for name in &names {
        assert!(table.create(&space(name)).await.unwrap());
    }
    names.sort();
    let found: Vec<_> = table.all().await.unwrap().iter().map(|space| space.id.to_string()).collect();
    assert_eq!(found, names);
}
