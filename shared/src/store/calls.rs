//! The cost of requests in calls to other machines.

use std::fmt;
use std::ops::Sub;

/// The number of calls to each service.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CallCounts {
    /// To S3.
    pub s3: u64,
    /// To DynamoDB.
    pub dynamodb: u64,
}

/// The calls since an earlier count.
impl Sub for CallCounts {
    type Output = Self;

    fn sub(self, earlier: Self) -> Self {
        Self { s3: self.s3.saturating_sub(earlier.s3), dynamodb: self.dynamodb.saturating_sub(earlier.dynamodb) }
    }
}

impl fmt::Display for CallCounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} to S3, {} to DynamoDB", self.s3, self.dynamodb)
    }
}
