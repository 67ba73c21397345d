//! The location of the media and their index, for the maintenance commands: on AWS, by the usual environment, or in a
//! data folder, whether or not `reelspan serve` runs on it.

use std::{
    env,
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
    sync::Arc,
};

use aws_config::{BehaviorVersion, SdkConfig};
use clap::Args;
use reelspan::store::{self, CONTAINER_INDEX, Stores};

use crate::{
    Error, aws,
    data::Data,
    dynamodb::DynamoDb,
    s3::{Api, MEDIA_BUCKET, Store},
};

/// The address of an S3 that is called in this process. Nothing listens there; signatures need it.
const IN_PROCESS: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 9000);

/// Which deployment.
#[derive(Debug, Clone, Args)]
pub struct Place {
    /// A data folder, whether or not a server uses it
    #[arg(long, value_name = "DIR", conflicts_with_all = ["bucket", "table"])]
    pub data: Option<PathBuf>,

    /// The S3 API of a data folder that a server uses; by default the variable `AWS_ENDPOINT_URL_S3`, or
    /// <http://127.0.0.1:9000>
    #[arg(long, value_name = "URL", requires = "data")]
    pub s3: Option<String>,

    /// The bucket of the media on AWS, by its usual environment [default: the variable `MEDIA_BUCKET`]
    #[arg(long, value_name = "NAME")]
    pub bucket: Option<String>,

    /// The `DynamoDB` table of the index [default: the variable `INDEX_TABLE`, or `ContainerIndex`]
    #[arg(long, value_name = "NAME")]
    pub table: Option<String>,
}

/// An open deployment.
#[derive(Debug)]
pub struct Deployment {
    /// The bucket and the table of the index.
    pub stores: Stores,
    /// A client of S3 for operations outside the stores.
    pub s3: aws_sdk_s3::Client,
    /// A client of `DynamoDB`, likewise.
    pub dynamodb: aws_sdk_dynamodb::Client,
    /// The SDK's configuration from the environment; `None` for a data folder.
    pub aws: Option<SdkConfig>,
    /// Whether another process serves the data folder.
    pub is_served: bool,
    /// Keeps the data folder locked, if no other process serves it.
    data: Option<Data>,
}

impl Place {
    /// Opens the deployment, which need not be in order.
    pub async fn open(&self) -> Result<Deployment, Error> {
        match &self.data {
            Some(folder) => self.of_folder(folder),
            None => self.of_aws().await,
        }
    }

    async fn of_aws(&self) -> Result<Deployment, Error> {
        let bucket = self.bucket.clone().or_else(|| env::var("MEDIA_BUCKET").ok());
        let bucket = bucket.ok_or_else(|| {
            Error::Setup(
                "no deployment is named: give --bucket (or MEDIA_BUCKET), or --data for a data folder".to_owned(),
            )
        })?;
        let table = self.table.clone().or_else(|| env::var("INDEX_TABLE").ok());
        let table = table.unwrap_or_else(|| CONTAINER_INDEX.name.to_owned());
        let aws = aws_config::defaults(BehaviorVersion::latest()).http_client(store::http_client()).load().await;
        // Other S3 implementations than AWS seldom have a host name for each bucket.
        let by_path = aws.endpoint_url().is_some() || env::var_os("AWS_ENDPOINT_URL_S3").is_some();
        let s3 = aws_sdk_s3::config::Builder::from(&aws).force_path_style(by_path);
        let dynamodb = aws_sdk_dynamodb::config::Builder::from(&aws);
        Ok(Deployment::new(s3, dynamodb, bucket, table, Some(aws)))
    }

    fn of_folder(&self, folder: &std::path::Path) -> Result<Deployment, Error> {
        // Does not create a folder for a mistyped name.
        if !Data::is_at(folder) {
            return Err(Error::Setup(format!("data folder {}: does not exist", folder.display())));
        }
        let (data, is_served) = match Data::open(folder) {
            Ok(data) => (data, false),
            Err(_) => (Data::open_beside(folder)?, true),
        };
        let tables = aws::dynamodb(&DynamoDb::open(&data.dynamodb())?, data.credentials());
        let s3 = aws::s3(IN_PROCESS, data.credentials());
        let s3 = if is_served {
            let endpoint = self.s3.clone().or_else(|| env::var("AWS_ENDPOINT_URL_S3").ok());
            let endpoint = endpoint.unwrap_or_else(|| "http://127.0.0.1:9000".to_owned());
            s3.endpoint_url(endpoint)
        } else {
            s3.http_client(Api::new(Arc::new(Store::open(&data.s3())?), data.credentials()).client())
        };
        let mut deployment =
            Deployment::new(s3, tables, MEDIA_BUCKET.to_owned(), CONTAINER_INDEX.name.to_owned(), None);
        deployment.is_served = is_served;
        deployment.data = Some(data);
        Ok(deployment)
    }
}

impl Deployment {
    fn new(
        s3: aws_sdk_s3::config::Builder,
        dynamodb: aws_sdk_dynamodb::config::Builder,
        bucket: String,
        table: String,
        aws: Option<SdkConfig>,
    ) -> Self {
        Self {
            s3: aws_sdk_s3::Client::from_conf(s3.clone().build()),
            dynamodb: aws_sdk_dynamodb::Client::from_conf(dynamodb.clone().build()),
            stores: Stores::new(s3, dynamodb, bucket, table),
            aws,
            is_served: false,
            data: None,
        }
    }
}
