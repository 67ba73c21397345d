//! S3 and DynamoDB by the SDKs of AWS.

mod calls;
mod clients;
mod dynamodb;
mod error;
mod s3;

pub(in crate::store) use self::calls::Counter;
pub(in crate::store) use self::clients::retries;
pub(crate) use self::clients::timeouts;
pub use self::clients::{aws, http_client};
pub use self::dynamodb::DynamoDb;
pub(in crate::store) use self::error::of_dynamodb;
pub(crate) use self::error::of_secrets;
pub use self::s3::S3Bucket;
