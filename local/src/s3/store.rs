//! The supported S3 operations as one table, with the module that implements each.

use std::{path::Path, sync::Arc};

use s3s::{
    S3, S3Request, S3Response, S3Result,
    dto::{
        AbortMultipartUploadInput, AbortMultipartUploadOutput, CompleteMultipartUploadInput,
        CompleteMultipartUploadOutput, CopyObjectInput, CopyObjectOutput, CreateBucketInput, CreateBucketOutput,
        CreateMultipartUploadInput, CreateMultipartUploadOutput, DeleteBucketInput, DeleteBucketOutput,
        DeleteObjectInput, DeleteObjectOutput, DeleteObjectsInput, DeleteObjectsOutput, GetBucketLocationInput,
        GetBucketLocationOutput, GetObjectInput, GetObjectOutput, HeadBucketInput, HeadBucketOutput, HeadObjectInput,
        HeadObjectOutput, ListBucketsInput, ListBucketsOutput, ListMultipartUploadsInput, ListMultipartUploadsOutput,
        ListObjectsInput, ListObjectsOutput, ListObjectsV2Input, ListObjectsV2Output, ListPartsInput, ListPartsOutput,
        PutObjectInput, PutObjectOutput, UploadPartCopyInput, UploadPartCopyOutput, UploadPartInput, UploadPartOutput,
    },
};

use super::{bodies::Bodies, catalogue::ObjectCatalogue};
use crate::CommandError;

/// The objects of one data folder.
#[derive(Debug)]
pub struct Store {
    pub(crate) bodies: Arc<Bodies>,
    pub(crate) catalogue: Arc<ObjectCatalogue>,
}

impl Store {
    /// Opens the folder of the objects, or creates it, and removes what an earlier process left unfinished.
    pub fn open(folder: &Path) -> Result<Self, CommandError> {
        Self::take(folder, true)
    }

    /// Opens the folder of the objects while another process uses it.
    pub fn open_beside(folder: &Path) -> Result<Self, CommandError> {
        Self::take(folder, false)
    }

    fn take(folder: &Path, alone: bool) -> Result<Self, CommandError> {
        let path = folder.join("catalogue.sqlite");
        let catalogue = ObjectCatalogue::open(&path).map_err(CommandError::failed(path.display()))?;
        let known = if alone { Some(catalogue.bodies().map_err(CommandError::failed(path.display()))?) } else { None };
        let bodies = Bodies::open(&folder.join("objects"), known.as_ref())?;
        Ok(Self { bodies: Arc::new(bodies), catalogue: Arc::new(catalogue) })
    }

    fn delete_bucket(&self, request: S3Request<DeleteBucketInput>) -> S3Result<DeleteBucketOutput> {
        let DeleteBucketInput { bucket, .. } = request.input;
        self.bodies.remove_bucket(&bucket)?;
        Ok(DeleteBucketOutput {})
    }

    /// The catalogue of the objects and their events.
    #[must_use]
    pub fn catalogue(&self) -> Arc<ObjectCatalogue> {
        Arc::clone(&self.catalogue)
    }
}

/// A shared handle on the store that answers requests.
#[derive(Debug, Clone)]
pub(super) struct Operations(pub Arc<Store>);

/// Writes the implementation of [`S3`] from tables of operations. (One macro writes all of it, because `async_trait`
/// does not expand macros.)
macro_rules! operations {
    (
        as s3s_fs: { $($of_s3s_fs:ident: $fs_input:ty => $fs_output:ty;)* }
        at once: { $($at_once:ident: $input:ty => $output:ty;)* }
        waiting: { $($waiting:ident: $slow_input:ty => $slow_output:ty;)* }
    ) => {
        #[async_trait::async_trait]
        impl S3 for Operations {
            $(async fn $of_s3s_fs(&self, request: S3Request<$fs_input>) -> S3Result<S3Response<$fs_output>> {
                self.0.bodies.buckets().$of_s3s_fs(request).await
            })*
            $(async fn $at_once(&self, request: S3Request<$input>) -> S3Result<S3Response<$output>> {
                self.0.$at_once(request).map(S3Response::new)
            })*
            $(async fn $waiting(&self, request: S3Request<$slow_input>) -> S3Result<S3Response<$slow_output>> {
                self.0.$waiting(request).await.map(S3Response::new)
            })*
        }
    };
}

operations! {
    // Operations that s3s-fs implements as needed.
    as s3s_fs: {
        create_bucket: CreateBucketInput => CreateBucketOutput;
        get_bucket_location: GetBucketLocationInput => GetBucketLocationOutput;
        head_bucket: HeadBucketInput => HeadBucketOutput;
        list_buckets: ListBucketsInput => ListBucketsOutput;
    }
    // Operations that the catalogue answers, and those that begin a stream.
    at once: {
        delete_bucket: DeleteBucketInput => DeleteBucketOutput;
        get_object: GetObjectInput => GetObjectOutput;
        head_object: HeadObjectInput => HeadObjectOutput;
        copy_object: CopyObjectInput => CopyObjectOutput;
        delete_object: DeleteObjectInput => DeleteObjectOutput;
        delete_objects: DeleteObjectsInput => DeleteObjectsOutput;
        create_multipart_upload: CreateMultipartUploadInput => CreateMultipartUploadOutput;
        abort_multipart_upload: AbortMultipartUploadInput => AbortMultipartUploadOutput;
        list_objects: ListObjectsInput => ListObjectsOutput;
        list_objects_v2: ListObjectsV2Input => ListObjectsV2Output;
        list_parts: ListPartsInput => ListPartsOutput;
        list_multipart_uploads: ListMultipartUploadsInput => ListMultipartUploadsOutput;
    }
    // Operations that receive or copy a body.
    waiting: {
        put_object: PutObjectInput => PutObjectOutput;
        upload_part: UploadPartInput => UploadPartOutput;
        upload_part_copy: UploadPartCopyInput => UploadPartCopyOutput;
        complete_multipart_upload: CompleteMultipartUploadInput => CompleteMultipartUploadOutput;
    }
}
