//! The local DynamoDB stores what it is given, durably.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use reelspan::store::{CONTAINER_INDEX, create_tables};
use reelspan_local::aws;
use reelspan_local::data::Data;
use reelspan_local::dynamodb::DynamoDb;

#[tokio::test]
async fn an_item_outlives_the_process_that_put_it() {
    let folder = tempfile::tempdir().unwrap();
    let data = Data::open(folder.path()).unwrap();
    let text = |text: &str| AttributeValue::S(text.to_owned());
    for round in 0..2 {
        let tables = DynamoDb::open(&data.dynamodb()).unwrap();
        let client = Client::from_conf(aws::dynamodb(&tables, data.credentials()).build());
        create_tables(&client).await.unwrap();
        if round == 0 {
            let put = client.put_item().table_name(CONTAINER_INDEX.name);
            put.item("media", text("films/a.mp4")).item("page", text("HEAD")).send().await.unwrap();
        } else {
            let get = client.get_item().table_name(CONTAINER_INDEX.name);
            let got = get.key("media", text("films/a.mp4")).key("page", text("HEAD")).send().await.unwrap();
            assert!(got.item().is_some());
        }
    }
}
