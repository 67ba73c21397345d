//! Whether functions answer, and whether anything was left undone.

use aws_config::SdkConfig;
use http::StatusCode;

use crate::doctor::finding::Finding;
use crate::doctor::queue::messages;
use crate::verify::client::{self, Client, Request};

/// The functions behind this URL answer.
pub async fn health(url: &str) -> Finding {
    let what = format!("health {}/health", url.trim_end_matches('/'));
    let remedy = "give --url the URL of the API, and see the function's log";
    let url = match client::url(url) {
        Ok(url) => format!("{}/health", url.trim_end_matches('/')),
        Err(error) => return Finding::wrong(what, error.to_string(), remedy),
    };
    match Client::new().send(&Request::get(&url)).await {
        Ok(answer) if answer.status == StatusCode::NO_CONTENT => Finding::ok(what, "it answers"),
        Ok(answer) => Finding::wrong(what, format!("it answers {}", answer.status.as_u16()), remedy),
        Err(_) => Finding::wrong(what, "nobody answers", remedy),
    }
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
