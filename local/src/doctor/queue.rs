//! Counts the messages of an SQS queue. It is the only call to SQS, so it is a POST of the query API (*Amazon SQS
//! Developer Guide*, "Making Query API requests") and needs no SQS client.

use std::time::SystemTime;

use aws_config::SdkConfig;
use aws_sdk_s3::config::ProvideCredentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;

use crate::verify::client::{self, Client, ClientRequest};

/// The requested attribute.
const COUNT: &str = "ApproximateNumberOfMessages";
/// How much of an answer is read; it has some hundred bytes.
const MOST: u64 = 64 << 10;
/// The header fields that the signature covers or is in.
const FIELDS: [&str; 3] = ["authorization", "x-amz-date", "x-amz-security-token"];

/// The approximate number of messages in the queue at this URL; else why it is unknown.
pub async fn messages(aws: &SdkConfig, queue: &str) -> Result<u64, String> {
    let queue = client::url(queue).map_err(|error| error.to_string())?;
    let form = format!("Action=GetQueueAttributes&AttributeName.1={COUNT}&Version=2012-11-05");
    let answer = Client::new().send(&signed(aws, &queue, form).await?).await;
    let mut answer = answer.map_err(|_| "no answer".to_owned())?;
    let mut text = Vec::new();
    while let Some(chunk) = answer.body.some(MOST).await? {
        text.extend_from_slice(&chunk);
        if text.len() as u64 >= MOST {
            break;
        }
    }
    let text = String::from_utf8_lossy(&text);
    if !answer.status.is_success() {
        return Err(between(&text, "<Code>", "</Code>").unwrap_or(answer.status.as_str()).to_owned());
    }
    let attribute = text.split_once(COUNT).map(|(_, rest)| rest);
    let count =
        attribute.and_then(|rest| between(rest, "<Value>", "</Value>")).and_then(|count| count.trim().parse().ok());
    count.ok_or_else(|| "the answer has no count".to_owned())
}

async fn signed(aws: &SdkConfig, url: &str, form: String) -> Result<ClientRequest, String> {
    let none = || "no credentials found".to_owned();
    let credentials = aws.credentials_provider().ok_or_else(none)?.provide_credentials().await.map_err(|_| none())?;
    let region = aws.region().ok_or("no region is named")?;
    let identity = credentials.into();
    let parameters = v4::SigningParams::builder()
        .identity(&identity)
        .region(region.as_ref())
        .name("sqs")
        .time(SystemTime::now())
        .settings(SigningSettings::default())
        .build()
        .map_err(|error| error.to_string())?
        .into();
    let request = SignableRequest::new("POST", url, std::iter::empty(), SignableBody::Bytes(form.as_bytes()));
    let request = request.map_err(|error| error.to_string())?;
    let (instructions, _) = sign(request, &parameters).map_err(|error| error.to_string())?.into_parts();
    let mut request = http::Request::get(url).body(()).map_err(|error| error.to_string())?;
    instructions.apply_to_request_http1x(&mut request);
    let field = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
    let fields = FIELDS.iter().filter_map(|name| Some((*name, field(name)?)));
    Ok(fields.fold(ClientRequest::post(url, form), |request, (name, value)| request.field(name, value)))
}

/// The text between two texts.
fn between<'a>(text: &'a str, start: &str, end: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(start)?;
    Some(rest.split_once(end)?.0)
}
