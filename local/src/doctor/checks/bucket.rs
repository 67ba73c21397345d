//! Checks the bucket: it exists, it is not public, and its events reach the indexer.

use aws_sdk_s3::Client;
use aws_sdk_s3::operation::get_bucket_notification_configuration::GetBucketNotificationConfigurationOutput;
use aws_sdk_s3::types::{LambdaFunctionConfiguration, ServerSideEncryptionConfiguration};

use super::access::ServerClock;
use super::said;
use crate::deployment::{Aws, Deployment};
use reelspan_accounts::report::Finding;

/// The events that the indexer needs.
const EVENTS: [&str; 2] = ["s3:ObjectCreated:*", "s3:ObjectRemoved:*"];

/// All findings about the bucket, and whether it can be read. A data folder has no settings to check.
pub async fn bucket(deployment: &Deployment, indexer: Option<&str>) -> (Vec<Finding>, bool) {
    let name = deployment.stores.media.bucket();
    let what = format!("bucket {name}");
    let Some(Aws { s3, .. }) = &deployment.aws else {
        return (vec![Finding::ok(what, "it can be read")], true);
    };
    let clock = ServerClock::default();
    let head = s3.head_bucket().bucket(name).customize().interceptor(clock.clone()).send().await;
    let mut findings = Vec::new();
    findings.extend(clock.finding());
    if let Err(error) = head {
        findings.push(match error.raw_response().map(|response| response.status().as_u16()) {
            Some(404) => Finding::wrong(what, "it does not exist", "give --bucket, or deploy the stack"),
            Some(403) => {
                Finding::wrong(what, "access to it is denied", "allow s3:ListBucket, or give --bucket its name")
            }
            _ => Finding::wrong(what, said(&error), "check the network and AWS_ENDPOINT_URL_S3"),
        });
        return (findings, false);
    }
    findings.push(Finding::ok(what, "it can be read"));
    findings.push(public_access(s3, name).await);
    findings.push(encryption(s3, name).await);
    findings.push(events(s3, name, indexer).await);
    (findings, true)
}

async fn public_access(s3: &Client, name: &str) -> Finding {
    let what = "public access";
    let open = |found: &str| Finding::wrong(what, found, "block all of it: aws s3api put-public-access-block");
    let asked = s3.get_public_access_block().bucket(name).send().await;
    match asked {
        Ok(answer) => match answer.public_access_block_configuration() {
            Some(block)
                if block.block_public_acls() == Some(true)
                    && block.ignore_public_acls() == Some(true)
                    && block.block_public_policy() == Some(true)
                    && block.restrict_public_buckets() == Some(true) =>
            {
                Finding::ok(what, "blocked")
            }
            _ => open("it is not fully blocked"),
        },
        Err(error) => match said(&error).as_str() {
            "NoSuchPublicAccessBlockConfiguration" => open("not blocked"),
            other => Finding::wrong(what, other, "allow s3:GetBucketPublicAccessBlock"),
        },
    }
}

async fn encryption(s3: &Client, name: &str) -> Finding {
    let what = "encryption";
    let none = || Finding::wrong(what, "it is off", "turn it on: aws s3api put-bucket-encryption");
    match s3.get_bucket_encryption().bucket(name).send().await {
        Ok(answer) => {
            let rules = answer.server_side_encryption_configuration();
            let rules = rules.map(ServerSideEncryptionConfiguration::rules).unwrap_or_default();
            match rules.iter().find_map(|rule| rule.apply_server_side_encryption_by_default()) {
                Some(rule) => Finding::ok(what, rule.sse_algorithm().as_str()),
                None => none(),
            }
        }
        Err(error) => match said(&error).as_str() {
            "ServerSideEncryptionConfigurationNotFoundError" => none(),
            other => Finding::wrong(what, other, "allow s3:GetEncryptionConfiguration"),
        },
    }
}

async fn events(s3: &Client, name: &str, indexer: Option<&str>) -> Finding {
    let what = "events";
    let asked = s3.get_bucket_notification_configuration().bucket(name).send();
    let configuration = match asked.await {
        Ok(configuration) => configuration,
        // Some S3 implementations answer with an empty body if a bucket has no notifications.
        Err(error) if error.raw_response().is_some_and(|response| response.status().is_success()) => {
            GetBucketNotificationConfigurationOutput::builder().build()
        }
        Err(error) => return Finding::wrong(what, said(&error), "allow s3:GetBucketNotification"),
    };
    let heard: Vec<_> = configuration
        .lambda_function_configurations()
        .iter()
        .filter(|it| indexer.is_none_or(|indexer| function(it) == indexer))
        .collect();
    let missing =
        EVENTS.iter().find(|event| !heard.iter().any(|it| it.events().iter().any(|it| it.as_str() == **event)));
    let remedy = "deploy the stack again, then run reelspan reindex for each space";
    match (missing, heard.first()) {
        (Some(event), _) => {
            Finding::wrong(what, format!("{event} does not reach {}", indexer.unwrap_or("any function")), remedy)
        }
        (None, Some(first)) if heard.iter().any(|it| is_filtered(it)) => {
            Finding::wrong(what, format!("only some reach {}", function(first)), "remove the filter")
        }
        (None, first) => Finding::ok(what, format!("they go to {}", first.map_or("", |first| function(first)))),
    }
}

/// The name in the ARN of a function, `arn:aws:lambda:REGION:ACCOUNT:function:NAME[:ALIAS]`.
fn function(configuration: &LambdaFunctionConfiguration) -> &str {
    let arn = configuration.lambda_function_arn();
    arn.splitn(7, ':').nth(6).and_then(|name| name.split(':').next()).unwrap_or(arn)
}

fn is_filtered(configuration: &LambdaFunctionConfiguration) -> bool {
    configuration.filter().and_then(|filter| filter.key()).is_some_and(|key| !key.filter_rules().is_empty())
}
