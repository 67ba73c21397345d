//! The tables' definitions, for environments without `template.yaml`: one machine, and tests.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::Builder;
use aws_sdk_dynamodb::operation::create_table::CreateTableError;
use aws_sdk_dynamodb::types::{AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType};

use super::Error;
use super::of_dynamodb;

/// A table's name, and the names of its partition key and its sort key, if it has one. All keys are strings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Table {
    /// Its default name.
    pub name: &'static str,
    /// The partition key.
    pub partition: &'static str,
    /// The sort key.
    pub sort: Option<&'static str>,
}

/// The indexes of the media ([`super::IndexTable`]).
pub const CONTAINER_INDEX: Table = Table { name: "ContainerIndex", partition: "media", sort: Some("page") };

/// The spaces with their properties.
pub const SPACES: Table = Table { name: "Spaces", partition: "space", sort: None };

/// The users ([`super::Users`]).
pub const USERS: Table = Table { name: "Users", partition: "user", sort: None };

/// All tables.
pub const TABLES: [Table; 3] = [CONTAINER_INDEX, SPACES, USERS];

/// Creates the missing ones of [`TABLES`] in DynamoDB.
pub async fn create_tables(config: &Builder) -> Result<(), Error> {
    let client = Client::from_conf(config.clone().build());
    for table in TABLES {
        let keys = [Some((table.partition, KeyType::Hash)), table.sort.map(|sort| (sort, KeyType::Range))];
        let mut request = client.create_table().table_name(table.name).billing_mode(BillingMode::PayPerRequest);
        for (name, kind) in keys.into_iter().flatten() {
            let attribute = AttributeDefinition::builder().attribute_name(name).attribute_type(ScalarAttributeType::S);
            let key = KeySchemaElement::builder().attribute_name(name).key_type(kind);
            request = request
                .attribute_definitions(attribute.build().map_err(Error::dynamodb)?)
                .key_schema(key.build().map_err(Error::dynamodb)?);
        }
        match request.send().await {
            Ok(_) => {}
            Err(error) if error.as_service_error().is_some_and(CreateTableError::is_resource_in_use_exception) => {}
            Err(error) => return Err(of_dynamodb(&error)),
        }
    }
    Ok(())
}
