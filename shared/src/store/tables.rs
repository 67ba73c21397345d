//! The tables' definitions, for environments without `template.yaml`: one machine, and tests.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::Builder;
use aws_sdk_dynamodb::operation::create_table::CreateTableError;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection, ProjectionType,
    ScalarAttributeType,
};

use super::of_dynamodb;
use super::{SecondaryIndex, StoreError};

/// A table's name, and the names of its partition key and its sort key, if it has one. All keys are strings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Table {
    /// Its default name.
    pub name: &'static str,
    /// The partition key.
    pub partition: &'static str,
    /// The sort key.
    pub sort: Option<&'static str>,
    /// Its secondary index.
    pub index: Option<SecondaryIndex>,
    /// The attribute with the time after which DynamoDB deletes an item, in seconds since 1970. On one machine nothing does.
    pub expires: Option<&'static str>,
}

/// The secondary index that lists the contents of a space ([`super::ContentEntry`]).
pub const CONTENTS: SecondaryIndex = SecondaryIndex { name: "Contents", partition: "space", sort: "content" };

/// The indexes of the media ([`super::IndexTable`]).
pub const CONTAINER_INDEX: Table =
    Table { name: "ContainerIndex", partition: "media", sort: Some("page"), index: Some(CONTENTS), expires: None };

/// The spaces with their properties.
pub const SPACES: Table = Table { name: "Spaces", partition: "space", sort: None, index: None, expires: None };

/// The users ([`super::Users`]).
pub const USERS: Table = Table { name: "Users", partition: "user", sort: None, index: None, expires: None };

/// The sessions of browsers ([`super::Sessions`]), and failed sign-ins ([`super::Guesses`]).
pub const SESSIONS: Table =
    Table { name: "Sessions", partition: "user", sort: Some("session"), index: None, expires: Some("expires") };

/// All tables.
pub const TABLES: [Table; 4] = [CONTAINER_INDEX, SPACES, USERS, SESSIONS];

/// Creates the missing ones of [`TABLES`] in DynamoDB.
pub async fn create_tables(config: &Builder) -> Result<(), StoreError> {
    let client = Client::from_conf(config.clone().build());
    for table in TABLES {
        let own = [Some((table.partition, KeyType::Hash)), table.sort.map(|sort| (sort, KeyType::Range))];
        let own = own.into_iter().flatten().collect::<Vec<_>>();
        let of_index = table.index.map(|index| [(index.partition, KeyType::Hash), (index.sort, KeyType::Range)]);
        let mut request = client.create_table().table_name(table.name).billing_mode(BillingMode::PayPerRequest);
        for (name, _) in own.iter().chain(of_index.iter().flatten()) {
            let attribute = AttributeDefinition::builder().attribute_name(*name).attribute_type(ScalarAttributeType::S);
            request = request.attribute_definitions(attribute.build().map_err(StoreError::dynamodb)?);
        }
        request = request.set_key_schema(Some(schema(own)?));
        if let (Some(index), Some(keys)) = (table.index, of_index) {
            let whole = Projection::builder().projection_type(ProjectionType::All).build();
            let index = GlobalSecondaryIndex::builder().index_name(index.name).projection(whole);
            let index = index.set_key_schema(Some(schema(keys)?)).build().map_err(StoreError::dynamodb)?;
            request = request.global_secondary_indexes(index);
        }
        match request.send().await {
            Ok(_) => {}
            Err(error) if error.as_service_error().is_some_and(CreateTableError::is_resource_in_use_exception) => {}
            Err(error) => return Err(of_dynamodb(&error)),
        }
    }
    Ok(())
}

/// Names of keys as the SDK has them.
fn schema(keys: impl IntoIterator<Item = (&'static str, KeyType)>) -> Result<Vec<KeySchemaElement>, StoreError> {
    let element = |(name, kind)| KeySchemaElement::builder().attribute_name(name).key_type(kind).build();
    keys.into_iter().map(element).collect::<Result<_, _>>().map_err(StoreError::dynamodb)
}
