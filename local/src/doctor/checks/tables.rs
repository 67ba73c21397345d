//! Checks the tables: they exist, have the keys that the programs use, and delete what expires.

use aws_sdk_dynamodb::types::{KeySchemaElement, KeyType, TableStatus, TimeToLiveDescription, TimeToLiveStatus};
use reelspan::store::{CONTAINER_INDEX, SESSIONS, SPACES, Table, USERS};

use super::said;
use crate::deployment::Deployment;
use reelspan_accounts::report::Finding;

/// What is said of a table that is in order.
const THERE: &str = "it exists and has its keys";

/// The names of the tables beside that of the indexes.
pub struct TableNames {
    pub spaces: String,
    pub users: String,
    pub sessions: String,
}

/// Checks all tables.
pub async fn tables(deployment: &Deployment, names: &TableNames) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (name, definition, option) in [
        (deployment.stores.index.name(), CONTAINER_INDEX, "--table"),
        (&names.spaces, SPACES, "--spaces-table"),
        (&names.users, USERS, "--users-table"),
        (&names.sessions, SESSIONS, "--sessions-table"),
    ] {
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
        None | Some(TableStatus::Active | TableStatus::Updating) => {}
        Some(status) => {
            return Finding::wrong(what, format!("it is {status}"), "wait, or restore it from a backup");
        }
    }
    match definition.expires {
        Some(attribute) => expiry(client, name, attribute).await,
        None => Finding::ok(what, THERE),
    }
}

/// Checks that DynamoDB deletes what has expired: *Amazon DynamoDB API Reference*, `DescribeTimeToLive`
/// (<https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TimeToLiveDescription.html>).
async fn expiry(client: &aws_sdk_dynamodb::Client, name: &str, attribute: &str) -> Finding {
    let what = format!("table {name}");
    let remedy = format!(
        "deploy the stack again, or: aws dynamodb update-time-to-live --table-name {name} \
         --time-to-live-specification Enabled=true,AttributeName={attribute}"
    );
    let description = match client.describe_time_to_live().table_name(name).send().await {
        Ok(answer) => answer.time_to_live_description,
        Err(error) => return Finding::wrong(what, said(&error), "allow dynamodb:DescribeTimeToLive"),
    };
    let status = description.as_ref().and_then(TimeToLiveDescription::time_to_live_status);
    let on = matches!(status, Some(TimeToLiveStatus::Enabled | TimeToLiveStatus::Enabling));
    match description.as_ref().and_then(TimeToLiveDescription::attribute_name).filter(|_| on) {
        Some(found) if found == attribute => Finding::ok(what, format!("{THERE}, and what expires is deleted")),
        Some(found) => Finding::wrong(what, format!("items expire by {found}, not by {attribute}"), remedy),
        None => Finding::wrong(what, "its time to live is off: what expires stays", remedy),
    }
}
