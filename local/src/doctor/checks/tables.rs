//! Checks the tables: they exist, and have the keys that the programs use.

use aws_sdk_dynamodb::types::{KeySchemaElement, KeyType, TableStatus};
use reelspan::store::{CONTAINER_INDEX, SPACES, Table, USERS};

use super::said;
use crate::deployment::Deployment;
use reelspan_accounts::report::Finding;

/// What is said of a table that is in order.
const THERE: &str = "it exists and has its keys";

/// Checks all three tables.
pub async fn tables(deployment: &Deployment, spaces: &str, users: &str) -> Vec<Finding> {
    let index = deployment.stores.index.name();
    let mut findings = Vec::new();
    for (name, definition, option) in
        [(index, CONTAINER_INDEX, "--table"), (spaces, SPACES, "--spaces-table"), (users, USERS, "--users-table")]
    {
        findings.push(match &deployment.aws {
            Some(aws) => table(&aws.dynamodb, name, &definition, option).await,
            // Opening a data folder creates them.
            None => Finding::ok(format!("table {name}"), THERE),
        });
    }
    findings
}

async fn table(client: &aws_sdk_dynamodb::Client, name: &str, definition: &Table, option: &str) -> Finding {
    let what = format!("table {name}");
    let description = match client.describe_table().table_name(name).send().await {
        Ok(answer) => answer.table.unwrap_or_else(|| aws_sdk_dynamodb::types::TableDescription::builder().build()),
        Err(error) => {
            return match said(&error).as_str() {
                "ResourceNotFoundException" => {
                    Finding::wrong(what, "it does not exist", format!("give {option}, or deploy the stack"))
                }
                "AccessDeniedException" => {
                    Finding::wrong(what, "access to it is denied", "allow dynamodb:DescribeTable")
                }
                other => Finding::wrong(what, other, "check the network and AWS_ENDPOINT_URL_DYNAMODB"),
            };
        }
    };
    let key = |kind: KeyType| {
        let keys = description.key_schema();
        keys.iter().find(|key| *key.key_type() == kind).map(KeySchemaElement::attribute_name)
    };
    let (partition, sort) = (key(KeyType::Hash), key(KeyType::Range));
    if (partition, sort) != (Some(definition.partition), definition.sort) {
        let keys = |partition: Option<&str>, sort: Option<&str>| {
            partition.into_iter().chain(sort).collect::<Vec<_>>().join(" and ")
        };
        let (has, wanted) = (keys(partition, sort), keys(Some(definition.partition), definition.sort));
        return Finding::wrong(what, format!("its key is {has}, not {wanted}"), format!("give {option} the right one"));
    }
    if let Some(index) = definition.index {
        let mut indexes = description.global_secondary_indexes().iter();
        if !indexes.any(|made| made.index_name() == Some(index.name)) {
            let lacks = format!("it lacks the secondary index {}", index.name);
            return Finding::wrong(what, lacks, "deploy the stack again, then run reelspan reindex for each space");
        }
    }
    match description.table_status() {
        None | Some(TableStatus::Active | TableStatus::Updating) => Finding::ok(what, THERE),
        Some(status) => Finding::wrong(what, format!("it is {status}"), "wait, or restore it from a backup"),
    }
}
