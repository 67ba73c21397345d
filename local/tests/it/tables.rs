//! The tables by both implementations of the database: DynamoDB by its SDK, and SQLite directly.

use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::prelude::*;
use reelspan::space::properties::Properties;
use reelspan::space::{ContentPrefix, MediaKey, SpaceId};
use reelspan::store::{
    CONTAINER_INDEX, Cells, Condition, Content, ContentEntry, Database, DynamoDb, Get, IndexStatus, IndexTable, Item,
    ItemChange, ItemCount, Object, PrimaryKey, Query, SPACES, Sequencer, SpacesTable, StoredEntry, TableName, USERS,
    Users, UsersError, Value, Write, create_tables,
};
use reelspan::user::{Account, Hash, Password, Role, User, UserName};
use reelspan_engine::index::{Head, Original, PackedPage, Status};
use reelspan_local::data::DataFolder;
use reelspan_local::tables::Tables;
use reelspan_testkit::aws::database;
use tempfile::TempDir;

/// The implementations, each by its name.
async fn both() -> ([(&'static str, Arc<dyn Database>); 2], TempDir) {
    let config = database().await;
    create_tables(&config).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let embedded = Tables::open(&DataFolder::open(folder.path()).unwrap()).unwrap();
    ([("DynamoDB", Arc::new(DynamoDb::new(config))), ("embedded", Arc::new(embedded))], folder)
}

fn index() -> TableName {
    TableName::new(CONTAINER_INDEX.name, CONTAINER_INDEX.partition, CONTAINER_INDEX.sort)
}

fn spaces() -> TableName {
    TableName::new(SPACES.name, SPACES.partition, SPACES.sort)
}

fn item(media: &str, page: &str, more: &[(&'static str, Value)]) -> Item {
    let keys = [("media", Value::text(media)), ("page", Value::text(page))];
    keys.into_iter().chain(more.iter().cloned()).collect()
}

/// Every kind of value.
fn values() -> Vec<(&'static str, Value)> {
    let map = Item::from([("acl-a", Value::text("READ")), ("empty", Value::text(""))]);
    vec![
        ("text", Value::text("ä \"quoted\"")),
        ("size", Value::number(u64::MAX)),
        ("negative", Value::number(-3)),
        ("duration", Value::Decimal("10.25".to_owned())),
        ("samples", Value::binary(&[0, 255, 7])),
        ("flag", Value::Flag(false)),
        ("list", Value::List(vec![Value::text("a"), Value::number(1), Value::List(vec![])])),
        ("map", Value::Map(map)),
    ]
}

#[tokio::test]
async fn an_item_is_found_as_it_was_put_until_it_is_deleted() {
    let (all, _folder) = both().await;
    let (index, spaces) = (index(), spaces());
    for (name, database) in all {
        let put = item("films/a.mp4", "HEAD", &values());
        let space = Item::from([("space", Value::text("films")), ("state", Value::text("live"))]);
        for _ in 0..2 {
            let writes = vec![
                Write::new(&index, ItemChange::Put(put.clone())),
                Write::new(&spaces, ItemChange::Put(space.clone())),
            ];
            assert!(database.write(writes).await.unwrap(), "{name}");
            let wanted = [
                Get::whole(&spaces, vec![PrimaryKey::new("films"), PrimaryKey::new("*")]),
                Get::whole(
                    &index,
                    vec![PrimaryKey::sorted("films/a.mp4", "P000000"), PrimaryKey::sorted("films/a.mp4", "HEAD")],
                ),
            ];
            let found = database.get(&wanted).await.unwrap();
            assert_eq!(found, [vec![Arc::new(space.clone())], vec![Arc::new(put.clone())]], "{name}");
        }
        let delete = || vec![Write::new(&index, ItemChange::Delete(PrimaryKey::sorted("films/a.mp4", "HEAD")))];
        assert!(database.write(delete()).await.unwrap() && database.write(delete()).await.unwrap(), "{name}");
        let found = database.get(&[Get::whole(&index, vec![PrimaryKey::sorted("films/a.mp4", "HEAD")])]).await.unwrap();
        assert_eq!(found, [vec![]], "{name}");
    }
}

#[tokio::test]
async fn queries_and_scans_are_in_order_and_filtered() {
    let (all, _folder) = both().await;
    let index = index();
    for (name, database) in all {
        let of = |number: usize| [("of", Value::text(["one", "other"][number % 2]))];
        let pages: Vec<_> = (0..60).map(|number| item("films/a.mp4", &format!("P{number:06}"), &of(number))).collect();
        database.put_all(&index, pages.into_iter().rev().collect()).await.unwrap();
        let others = ["films/a.mp", "films/a.mp4x"].map(|media| item(media, "P000003", &[]));
        database.put_all(&index, others.to_vec()).await.unwrap();
        let query = |only| Query {
            table: &index,
            partition: "films/a.mp4".to_owned(),
            sorts: "P000010".to_owned()..="P000019".to_owned(),
            only,
            attributes: None,
            consistent: true,
        };
        let numbers = |items: Vec<Arc<Item>>| -> Vec<String> {
            items.iter().map(|item| item.get("page").and_then(Value::as_text).unwrap()[5..].to_owned()).collect()
        };
        let all: Vec<String> = (10..20).map(|number| number.to_string()).collect();
        assert_eq!(numbers(database.query(&query(None)).await.unwrap()), all, "{name}");
        let one = Condition::Is("of", Value::text("one"));
        let even = ["10", "12", "14", "16", "18"];
        assert_eq!(numbers(database.query(&query(Some(one.clone()))).await.unwrap()), even, "{name}");
        let count = database.count(&query(Some(one.clone()))).await.unwrap();
        assert_eq!(count, ItemCount { matching: 5, all: 10 }, "{name}");
        let begins = Condition::BeginsWith("media", "films/a.mp4".to_owned());
        let both = Condition::All(vec![begins, one]);
        assert_eq!(database.scan(&index, Some(&both), Some(&["page"])).await.unwrap().len(), 30, "{name}");
        assert_eq!(database.scan(&index, None, None).await.unwrap().len(), 62, "{name}");
    }
}

#[tokio::test]
async fn writes_are_done_all_together_or_not_at_all() {
    let (all, _folder) = both().await;
    let table = spaces();
    let space = |name: &str, state: &str| {
        let streaming = Item::from([("version", Value::number(3))]);
        Item::from([("space", Value::text(name)), ("state", Value::text(state)), ("streaming", Value::Map(streaming))])
    };
    for (name, database) in all {
        let put = |space: Item| vec![Write::new(&table, ItemChange::Put(space)).only_if(Condition::Missing("space"))];
        assert!(database.write(put(space("one", "live"))).await.unwrap(), "{name}");
        assert!(!database.write(put(space("one", "deleting"))).await.unwrap(), "{name}");
        let version = |number: i128| Condition::Is("streaming.version", Value::number(number));
        for (condition, done) in [(version(3), true), (version(2), false), (Condition::Exists("owner"), false)] {
            let writes = vec![
                Write::new(&table, ItemChange::Put(space("two", "live"))),
                Write::new(&table, ItemChange::Check(PrimaryKey::new("one"))).only_if(condition.clone()),
            ];
            assert_eq!(database.write(writes).await.unwrap(), done, "{name}, {condition:?}");
            let found = database.get(&[Get::whole(&table, vec![PrimaryKey::new("two")])]).await.unwrap();
            assert_eq!(found[0].len(), usize::from(done), "{name}, {condition:?}");
            database.write(vec![Write::new(&table, ItemChange::Delete(PrimaryKey::new("two")))]).await.unwrap();
        }
        let set =
            vec![("streaming", None), ("state", Some(Value::text("deleting"))), ("owner", Some(Value::text("a")))];
        let update = || ItemChange::Update(PrimaryKey::new("one"), set.clone());
        let update = || vec![Write::new(&table, update()).only_if(version(3))];
        assert!(database.write(update()).await.unwrap() && !database.write(update()).await.unwrap(), "{name}");
        let found = database.get(&[Get::whole(&table, vec![PrimaryKey::new("one")])]).await.unwrap();
        let pairs = [("space", "one"), ("state", "deleting"), ("owner", "a")];
        let expected = pairs.map(|(name, value)| (name, Value::text(value)));
        assert_eq!(found[0], [Arc::new(Item::from(expected))], "{name}");
    }
}

/// One of a few changes, on one of a few conditions.
fn step() -> impl Strategy<Value = (u8, u8, u8, u8)> {
    (0_u8..3, 0_u8..4, 0_u8..6, 0_u8..3)
}

fn write(table: &TableName, (place, change, condition, value): (u8, u8, u8, u8)) -> Write<'_> {
    let (media, page) = ("films/a.mp4", format!("P{place}"));
    let (key, sequencer) = (PrimaryKey::sorted(media, &*page), value.to_string());
    let of = |value: u8| Value::text(value.to_string());
    let version = Item::from([("version", Value::number(value))]);
    let change = match change {
        0 => ItemChange::Put(item(media, &page, &[("of", of(value)), ("sequencer", Value::text(&*sequencer))])),
        1 => ItemChange::Delete(key),
        2 => ItemChange::Update(key, vec![("of", Some(of(value))), ("sequencer", None)]),
        _ => ItemChange::Update(key, vec![("streaming", Some(Value::Map(version)))]),
    };
    let condition = match condition {
        0 => Condition::Exists("page"),
        1 => Condition::Any(vec![Condition::Missing("page"), Condition::AtMost("sequencer", sequencer)]),
        2 => Condition::Is("of", of(value)),
        3 => Condition::All(vec![Condition::Exists("of"), Condition::IsNot("of", of(value))]),
        4 => Condition::Is("streaming.version", Value::number(value)),
        _ => Condition::BeginsWith("of", "1".to_owned()),
    };
    // An update of a missing item would make one.
    let needs = matches!(change, ItemChange::Update(..)).then_some(Condition::Exists("page"));
    let condition = Condition::All(needs.into_iter().chain([condition]).collect());
    Write::new(table, change).only_if(condition)
}

#[test]
fn both_do_the_same() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let ([(_, one), (_, other)], _folder) = runtime.block_on(both());
    let table = index();
    let config = ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() };
    proptest!(config, |(steps in prop::collection::vec(step(), 1..30))| {
        let done = runtime.block_on(async {
            let keys: Vec<_> = (0..3).map(|place| PrimaryKey::sorted("films/a.mp4", format!("P{place}"))).collect();
            for key in &keys {
                for database in [&one, &other] {
                    database.write(vec![Write::new(&table, ItemChange::Delete(key.clone()))]).await.unwrap();
                }
            }
            let mut seen = Vec::new();
            for step in steps {
                let mut results = Vec::new();
                for database in [&one, &other] {
                    let done = database.write(vec![write(&table, step)]).await.unwrap();
                    let found = database.get(&[Get::whole(&table, keys.clone())]).await.unwrap();
                    let found = found.into_iter().flatten().map(|item| {
                        let name = item.get("page").and_then(Value::as_text).unwrap().to_owned();
                        (name, item)
                    });
                    results.push((done, found.collect::<BTreeMap<_, _>>()));
                }
                seen.push((step, results));
            }
            seen
        });
        for (step, results) in done {
            prop_assert_eq!(&results[0], &results[1], "{:?}", step);
        }
    });
}

fn media() -> MediaKey {
    "films/a.mp4".parse().unwrap()
}

fn head(etag: &str, sequencer: &str) -> Head {
    let original = Original {
        etag: etag.to_owned(),
        size: 7,
        modified: 1,
        version: None,
        sequencer: sequencer.to_owned(),
        content_type: None,
    };
    Head { original, status: Status::Refused("text".to_owned()) }
}

#[tokio::test]
async fn later_heads_stay_and_pages_of_other_versions_do_not_count() {
    let (all, _folder) = both().await;
    for (name, database) in all {
        let index = IndexTable::new(database, CONTAINER_INDEX.name);
        let (early, late) = (Sequencer::new("01"), Sequencer::new("02"));
        let page = |number| PackedPage { number, bytes: bytes::Bytes::from_static(b"page") };
        let cells: Cells = (0..3).collect();
        index.put_pages(&media(), "\"new\"", &late, (0..3).map(page).collect()).await.unwrap();
        assert!(index.put_head(&media(), &head("\"new\"", "02"), &cells).await.unwrap(), "{name}");
        assert!(!index.put_head(&media(), &head("\"old\"", "01"), &cells).await.unwrap(), "{name}");
        assert!(!index.remove_head(&media(), &early).await.unwrap(), "{name}");
        assert_eq!(index.kept_of(&media()).await.unwrap().head.unwrap().etag, "\"new\"", "{name}");
        assert_eq!(index.remove_pages(&media(), &early, None).await.unwrap(), 0, "{name}");
        index.put_pages(&media(), "\"old\"", &early, vec![page(5)]).await.unwrap();
        assert_eq!(index.remove_pages(&media(), &late, Some(("\"new\"", &cells))).await.unwrap(), 1, "{name}");
        assert!(index.remove_head(&media(), &late).await.unwrap(), "{name}");
        assert!(index.find(&media(), 0..=3).await.unwrap().is_none(), "{name}");
    }
}

/// A content of this name and version.
fn entry(name: &str, etag: &str) -> (MediaKey, ContentEntry) {
    let media: MediaKey = format!("films/{name}").parse().unwrap();
    let object = Object { etag: etag.to_owned(), size: 7, modified: 1, version: None, content_type: None };
    let title = [("title".to_owned(), name.to_owned()), ("color".to_owned(), "green".to_owned())];
    let content = Content { object, md5: None, properties: Properties::new(title).unwrap() };
    let entry = ContentEntry::of(&media, &content, None, None);
    (media, entry)
}

#[tokio::test]
async fn a_list_has_the_contents_of_its_space_in_order_and_some_at_a_time() {
    let (all, _folder) = both().await;
    let names = ["a", "a/b", "a/\u{10ffff}", "a/\u{10ffff}b", "a0", "b", "z/\u{e000}", "z/\u{1f600}", "\u{10ffff}"];
    for (name, database) in all {
        let index = IndexTable::new(database, CONTAINER_INDEX.name);
        for content in names.iter().rev() {
            let (media, entry) = entry(content, "\"1\"");
            assert!(index.put_entry(&media, &StoredEntry::default(), Some(entry)).await.unwrap().is_some(), "{name}");
            // Other items of the same content are not in the list.
            index.put_head(&media, &head("\"1\"", "01"), &Cells::default()).await.unwrap();
        }
        let other: MediaKey = "film/a".parse().unwrap();
        let of_other = ContentEntry { content: other.content().clone(), ..entry("a", "\"1\"").1 };
        index.put_entry(&other, &StoredEntry::default(), Some(of_other)).await.unwrap();
        let space = SpaceId::parse("films").unwrap();
        let longest = "\u{10ffff}".repeat(256);
        for prefix in ["", "a", "a/", "a/\u{10ffff}", "c", "z/", "\u{10ffff}", longest.as_str()] {
            for after in ["", "a", "a/b", "a/\u{10ffff}", "a00", "z/\u{e000}", "zz", longest.as_str()] {
                for count in [1, 2, 4, 1000] {
                    let expected: Vec<_> = names
                        .iter()
                        .filter(|it| it.starts_with(prefix) && (after.is_empty() || **it > after))
                        .collect();
                    let [prefix, after] = [prefix, after].map(|text| ContentPrefix::parse(text).unwrap());
                    let after = Some(after).filter(|after| !after.as_str().is_empty());
                    let found = index.contents(&space, &prefix, after.as_ref(), count).await.unwrap();
                    let listed: Vec<_> = found.entries.iter().map(|entry| entry.content.as_str()).collect();
                    let about = format!("{name}, {prefix:?} after {after:?}, {count}");
                    assert_eq!(listed, expected.iter().take(count).map(|it| **it).collect::<Vec<_>>(), "{about}");
                    assert_eq!(found.more, expected.len() > count, "{about}");
                }
            }
        }
        let found = index.contents(&space, &ContentPrefix::default(), None, 1).await.unwrap();
        assert_eq!(found.entries[0].properties, [("title".to_owned(), "a".to_owned())].into(), "{name}");
    }
}

#[tokio::test]
async fn an_entry_is_replaced_only_as_it_was_read() {
    let (all, _folder) = both().await;
    for (name, database) in all {
        let index = IndexTable::new(database, CONTAINER_INDEX.name);
        let (media, first) = entry("a", "\"1\"");
        let (_, second) = entry("a", "\"2\"");
        let none = StoredEntry::default();
        let put = async |read: &StoredEntry, entry: Option<&ContentEntry>| {
            index.put_entry(&media, read, entry.cloned()).await.unwrap()
        };
        let one = put(&none, Some(&first)).await.unwrap();
        assert_eq!(index.entry(&media).await.unwrap(), one, "{name}");
        assert_eq!(put(&none, Some(&second)).await, None, "{name}");
        // The same again is no write.
        assert_eq!(put(&one, Some(&first)).await, Some(one.clone()), "{name}");
        let two = put(&one, Some(&second)).await.unwrap();
        let (_, third) = entry("a", "\"3\"");
        assert_eq!((put(&one, Some(&third)).await, put(&one, None).await), (None, None), "{name}");
        // Progress is of this version alone, and no other write.
        index.put_progress(&media, "\"1\"", 3).await.unwrap();
        assert_eq!(index.entry(&media).await.unwrap(), two, "{name}");
        index.put_progress(&media, "\"2\"", 3).await.unwrap();
        let running = ContentEntry { status: IndexStatus::Running(3), ..second.clone() };
        assert_eq!(index.entry(&media).await.unwrap().entry, Some(running), "{name}");
        let refused = ContentEntry { status: IndexStatus::Refused("text".to_owned()), ..second.clone() };
        let three = put(&two, Some(&refused)).await.unwrap();
        index.put_progress(&media, "\"2\"", 4).await.unwrap();
        assert_eq!(index.entry(&media).await.unwrap(), three, "{name}");
        assert_eq!(put(&three, None).await, Some(none.clone()), "{name}");
        assert_eq!(put(&none, None).await, Some(none.clone()), "{name}");
        index.put_progress(&media, "\"2\"", 4).await.unwrap();
        assert_eq!(index.entry(&media).await.unwrap(), none, "{name}");
    }
}

#[test]
fn a_file_of_before_there_were_lists_gets_them() {
    let folder = tempfile::tempdir().unwrap();
    let data = DataFolder::open(folder.path()).unwrap();
    let earlier = rusqlite::Connection::open(data.tables()).unwrap();
    let schema = "CREATE TABLE item (tab TEXT NOT NULL, partition TEXT NOT NULL, sort TEXT NOT NULL,
        attributes BLOB NOT NULL, PRIMARY KEY (tab, partition, sort))";
    earlier.execute_batch(schema).unwrap();
    drop(earlier);
    for _ in 0..2 {
        assert!(Tables::open(&data).unwrap().is_earlier().unwrap());
    }
    Tables::open(&data).unwrap().set_current().unwrap();
    assert!(!Tables::open(&data).unwrap().is_earlier().unwrap());
}

#[tokio::test]
async fn two_admins_who_remove_each_other_do_not_both_succeed() {
    let (all, _folder) = both().await;
    let (one, other) = (UserName::parse("one").unwrap(), UserName::parse("other").unwrap());
    for (implementation, database) in all {
        let users = Users::new(database, USERS.name);
        for round in 0..10 {
            for name in [&one, &other] {
                let account = Account { name: name.clone(), role: Role::Admin, groups: Vec::new() };
                let password = Password::parse("long enough".to_owned()).unwrap();
                let password = Hash::of(&password, std::num::NonZeroU32::MIN).unwrap();
                match users.add(&User { account, password }).await {
                    Ok(()) | Err(UsersError::Taken(_)) => {}
                    Err(error) => panic!("{implementation}: {error}"),
                }
            }
            let removed = futures::join!(users.remove(&one), users.remove(&other));
            let removed = [removed.0.is_ok(), removed.1.is_ok()];
            assert_eq!(removed.iter().filter(|removed| **removed).count(), 1, "{implementation}, round {round}");
            assert_eq!(users.list().await.unwrap().len(), 1, "{implementation}, round {round}");
        }
    }
}

#[tokio::test]
async fn a_change_is_seen_at_once_whichever_process_makes_it() {
    let folder = tempfile::tempdir().unwrap();
    let data = DataFolder::open(folder.path()).unwrap();
    // Two handles are to the file what two processes are.
    let handles = [(); 2].map(|()| Arc::new(Tables::open(&data).unwrap()) as Arc<dyn Database>);
    let table = index();
    let key = || PrimaryKey::sorted("films/a.mp4", "HEAD");
    let mut expected = None;
    for round in 0..200_i128 {
        for (reader, handle) in handles.iter().enumerate() {
            let found = handle.get(&[Get::whole(&table, vec![key()])]).await.unwrap();
            let found = found[0].first().map(|item| item.get("size").and_then(Value::as_number).unwrap());
            assert_eq!(found, expected, "handle {reader} in round {round}");
        }
        let writer = &handles[usize::from(round % 3 == 0)];
        let change = if round % 7 == 6 {
            expected = None;
            ItemChange::Delete(key())
        } else {
            expected = Some(round);
            ItemChange::Put(item("films/a.mp4", "HEAD", &[("size", Value::number(round))]))
        };
        writer.write(vec![Write::new(&table, change)]).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn readers_and_writers_at_a_time_see_whole_versions_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let data = DataFolder::open(folder.path()).unwrap();
    let handles = [(); 2].map(|()| Arc::new(Tables::open(&data).unwrap()));
    let table = index();
    let mut tasks = tokio::task::JoinSet::new();
    for (number, handle) in handles.iter().cloned().enumerate() {
        let table = table.clone();
        tasks.spawn(async move {
            for version in 0..150_i128 {
                let put = |page: &str| {
                    let version = [("version", Value::number(version))];
                    Write::new(&table, ItemChange::Put(item(&format!("films/{number}"), page, &version)))
                };
                assert!(handle.write(vec![put("HEAD"), put("P000000")]).await.unwrap());
            }
        });
    }
    for handle in handles.iter().cycle().take(6) {
        let (handle, table) = (Arc::clone(handle), table.clone());
        tasks.spawn(async move {
            let mut last = [-1; 2];
            while last != [149; 2] {
                for (number, last) in last.iter_mut().enumerate() {
                    let key = |page: &str| PrimaryKey::sorted(format!("films/{number}"), page);
                    // The order of the reads: what is read later is never older.
                    for page in ["HEAD", "P000000"] {
                        let found = handle.get(&[Get::whole(&table, vec![key(page)])]).await.unwrap();
                        let version =
                            found[0].first().map_or(-1, |item| item.get("version").unwrap().as_number().unwrap());
                        assert!(version >= *last, "films/{number} {page}: {version} after {last}");
                        *last = version;
                    }
                }
                tokio::task::yield_now().await;
            }
        });
    }
    while let Some(done) = tasks.join_next().await {
        done.unwrap();
    }
}

#[tokio::test]
async fn an_item_outlives_the_process_that_put_it() {
    let folder = tempfile::tempdir().unwrap();
    let table = spaces();
    for round in 0..2 {
        let tables = Tables::open(&DataFolder::open(folder.path()).unwrap()).unwrap();
        let found = tables.get(&[Get::whole(&table, vec![PrimaryKey::new("films")])]).await.unwrap();
        assert_eq!(found[0].len(), round);
        tables
            .write(vec![Write::new(&table, ItemChange::Put([("space", Value::text("films"))].into()))])
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn a_cached_page_is_never_read_beside_the_head_of_another_version() {
    let folder = tempfile::tempdir().unwrap();
    let database: Arc<dyn Database> = Arc::new(Tables::open(&DataFolder::open(folder.path()).unwrap()).unwrap());
    let index = IndexTable::new(Arc::clone(&database), CONTAINER_INDEX.name);
    let cells: Cells = (0..2).collect();
    for version in 0..20_u32 {
        let (etag, sequencer) = (format!("\"{version}\""), format!("{:04X}", version + 1));
        let before = index.find(&media(), 0..=1).await.unwrap();
        assert_eq!(
            before.map(|found| found.head.original.etag.clone()),
            version.checked_sub(1).map(|it| format!("\"{it}\""))
        );
        let page = |number| PackedPage { number, bytes: etag.clone().into_bytes().into() };
        index.put_pages(&media(), &etag, &Sequencer::new(&sequencer), vec![page(0), page(1)]).await.unwrap();
        // Between the pages and the head, a reader finds the old head, and none of its pages.
        if let Some(found) = index.find(&media(), 0..=1).await.unwrap() {
            assert_eq!(found.pages.read().0, 0);
        }
        assert!(index.put_head(&media(), &head(&etag, &sequencer), &cells).await.unwrap());
    }
    let spaces = SpacesTable::new(database, SPACES.name);
    assert!(spaces.get(&SpaceId::parse("films").unwrap()).await.unwrap().is_none());
}
