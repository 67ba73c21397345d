//! The location of the media and their index, for the maintenance commands: on AWS, by the usual environment, or in a
//! data folder, whether or not `reelspan serve` runs on it.

use std::{env, path::PathBuf, sync::Arc};

use aws_config::{BehaviorVersion, SdkConfig};
use clap::Args;
use reelspan::store::{self, CONTAINER_INDEX, Stores};

use crate::{CommandError, data::DataFolder, media::Files, s3::Store, tables::Tables};

/// Which deployment.
#[derive(Debug, Clone, Args)]
pub struct DeploymentName {
    /// A data folder, whether or not a server uses it
    #[arg(long, value_name = "DIR", conflicts_with_all = ["bucket", "table"])]
    pub data: Option<PathBuf>,

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
    /// The media and their index.
    pub stores: Stores,
    /// The clients of the SDKs; `None` for a data folder.
    pub aws: Option<Aws>,
    /// Keeps the data folder locked, if no other process serves it.
    _data: Option<DataFolder>,
}

/// Clients for what the stores do not do.
#[derive(Debug)]
pub struct Aws {
    /// The configuration from the environment.
    pub config: SdkConfig,
    /// The client of S3.
    pub s3: aws_sdk_s3::Client,
    /// The client of `DynamoDB`.
    pub dynamodb: aws_sdk_dynamodb::Client,
}

impl DeploymentName {
    /// Opens the deployment, which need not be in order.
    pub async fn open(&self) -> Result<Deployment, CommandError> {
        match &self.data {
            Some(folder) => of_folder(folder),
            None => self.of_aws().await,
        }
    }

    async fn of_aws(&self) -> Result<Deployment, CommandError> {
        let bucket = self.bucket.clone().or_else(|| env::var("MEDIA_BUCKET").ok());
        let bucket = bucket.ok_or_else(|| {
            CommandError::Setup(
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
        let clients = Aws {
            s3: aws_sdk_s3::Client::from_conf(s3.clone().build()),
            dynamodb: aws_sdk_dynamodb::Client::from_conf(dynamodb.clone().build()),
            config: aws,
        };
        Ok(Deployment { stores: Stores::new(s3, dynamodb, bucket, table), aws: Some(clients), _data: None })
    }
}

/// Opens a data folder, whether or not a server uses it.
fn of_folder(folder: &std::path::Path) -> Result<Deployment, CommandError> {
    // Does not create a folder for a mistyped name.
    if !DataFolder::is_at(folder) {
        return Err(CommandError::Setup(format!("data folder {}: does not exist", folder.display())));
    }
    let (data, store) = if let Ok(data) = DataFolder::open(folder) {
        let store = Store::open(&data.s3())?;
        (data, store)
    } else {
        let data = DataFolder::open_beside(folder)?;
        let store = Store::open_beside(&data.s3())?;
        (data, store)
    };
    let (files, tables) = (Files::new(Arc::new(store), None), Tables::open(&data)?);
    let stores = Stores::over(Arc::new(files), Arc::new(tables), CONTAINER_INDEX.name);
    Ok(Deployment { stores, aws: None, _data: Some(data) })
}
