//! Whether functions answer, and whether anything was left undone.

use aws_config::SdkConfig;
use http::StatusCode;

use crate::Error;
use crate::doctor::finding::Finding;
use crate::doctor::queue::messages;
use crate::verify::client::{self, Client, Request};

/// The functions behind this URL answer.
pub async fn health(url: &str) -> Result<Finding, Error> {
    let url = format!("{}/health", client::url(url)?.trim_end_matches('/'));
    let what = format!("health {url}");
    Ok(match Client::new().send(&Request::get(&url)).await {
        Ok(answer) if answer.status == StatusCode::NO_CONTENT => Finding::ok(what, "it answers"),
        Ok(answer) => Finding::wrong(
            what,
            format!("it answers {}", answer.status.as_u16()),
            "give --url the URL of the API, and see the function's log",
        ),
        Err(_) => Finding::wrong(what, "nobody answers", "give --url the URL of the API, and see the function's log"),
    })
}

/// The queue of what failed is empty.
pub async fn queue(aws: &SdkConfig, url: &str) -> Finding {
    let name = url.rsplit('/').next().unwrap_or(url);
    let what = format!("queue {name}");
    match messages(aws, url).await {
        Ok(0) => Finding::ok(what, "empty"),
        Ok(count) => Finding::wrong(
            what,
            format!("{count} events failed three times"),
            "see its messages for why; when that is mended, run reelspan reindex and purge it",
        ),
        Err(why) => Finding::wrong(what, why, "give --queue its URL, and allow sqs:GetQueueAttributes"),
    }
}
