//! The key that signs URLs and cookies, in a secret: JSON with `keyId`, CloudFront's name for it, and `pkcs8`, the private key
//! in base64. The public keys are in the table of spaces ([`crate::space::commons`]).
//!
//! While the key is being replaced, the new one is stored next to it as `next`: a private key is stored before its
//! public key is published, so that an interrupted replacement continues with the same key.

use std::fmt::Debug;
use std::sync::Arc;

use async_trait::async_trait;
use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::config as secrets;
use aws_sdk_secretsmanager::error::ProvideErrorMetadata;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use crate::cloudfront::key::SigningKey;
use crate::cloudfront::sign::Signer;
use crate::store::{SECRETS, StoreError, of_secrets, timeouts};

/// A place that keeps one text secret.
#[async_trait]
pub trait Secret: Debug + Send + Sync {
    /// The text; `None` if there is none yet.
    async fn read(&self) -> Result<Option<String>, StoreError>;

    /// Replaces the text. If several callers use the same token of 32 to 64 letters, the first one succeeds; `false` for
    /// the others.
    async fn write(&self, text: &str, token: &str) -> Result<bool, StoreError>;
}

/// A secret of Secrets Manager.
#[derive(Clone, Debug)]
pub struct SecretsManager {
    client: Client,
    secret: String,
}

/// The secret of the key that signs.
#[derive(Clone, Debug)]
pub struct SigningSecret(Arc<dyn Secret>);

/// The content of the secret.
#[derive(Debug, Default)]
pub struct Keys {
    /// The signing key.
    pub signer: Option<Signer>,
    /// The key that will replace it.
    pub next: Option<SigningKey>,
}

/// The JSON of the secret. Without `Debug`, so that it is never logged.
#[derive(Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct SecretFields {
    #[serde(skip_serializing_if = "Option::is_none")]
    key_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pkcs8: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

impl SecretsManager {
    /// The secret with this name or ARN, with a client of this configuration. The template creates it.
    #[must_use]
    pub fn new(config: secrets::Builder, secret: impl Into<String>) -> Self {
        let client = Client::from_conf(config.timeout_config(timeouts()).build());
        Self { client, secret: secret.into() }
    }
}

#[async_trait]
impl Secret for SecretsManager {
    async fn read(&self) -> Result<Option<String>, StoreError> {
        match self.client.get_secret_value().secret_id(&self.secret).send().await {
            Ok(answer) => Ok(answer.secret_string),
            // It has no value yet.
            Err(error) if error.code() == Some("ResourceNotFoundException") => Ok(None),
            Err(error) => Err(of_secrets(&error)),
        }
    }

    async fn write(&self, text: &str, token: &str) -> Result<bool, StoreError> {
        let put = self.client.put_secret_value().secret_id(&self.secret);
        match put.secret_string(text).client_request_token(token).send().await {
            Ok(_) => Ok(true),
            Err(error) if error.code() == Some("ResourceExistsException") => Ok(false),
            Err(error) => Err(of_secrets(&error)),
        }
    }
}

impl SigningSecret {
    /// The key in this secret.
    #[must_use]
    pub fn new(secret: impl Secret + 'static) -> Self {
        Self(Arc::new(secret))
    }

    /// The signing key; `None` if there is none yet.
    pub async fn get(&self) -> Result<Option<Signer>, StoreError> {
        Ok(self.keys().await?.signer)
    }

    /// The content of the secret; empty if there is none yet.
    pub async fn keys(&self) -> Result<Keys, StoreError> {
        self.0.read().await?.map_or_else(|| Ok(Keys::default()), |text| keys(&text))
    }

    /// Replaces the content, as [`Secret::write`] does.
    pub async fn put(&self, keys: &Keys, token: &str) -> Result<bool, StoreError> {
        self.0.write(&text(keys), token).await
    }
}

fn text(keys: &Keys) -> String {
    let text = SecretFields {
        key_id: keys.signer.as_ref().map(|signer| signer.key_id().to_owned()),
        pkcs8: keys.signer.as_ref().map(|signer| STANDARD.encode(signer.key().pkcs8())),
        next: keys.next.as_ref().map(|key| STANDARD.encode(key.pkcs8())),
    };
    // SecretFields keys and texts: there is nothing in it that could fail.
    serde_json::to_string(&text).unwrap_or_default()
}

/// The errors do not quote the content, which is secret.
fn keys(text: &str) -> Result<Keys, StoreError> {
    let wrong = |message: &str| StoreError::Service { service: SECRETS, message: message.to_owned() };
    let text: SecretFields = serde_json::from_str(text).map_err(|_| wrong("the signing key is not JSON"))?;
    let key = |base64: String| {
        let pkcs8 = STANDARD.decode(&base64).map_err(|_| wrong("the signing key is not base64"))?;
        SigningKey::from_pkcs8(&pkcs8).map_err(|error| wrong(&error.to_string()))
    };
    let signer = match (text.key_id, text.pkcs8) {
        (Some(id), Some(pkcs8)) => Some(Signer::new(id, key(pkcs8)?)),
        (None, None) => None,
        _ => return Err(wrong("the signing key is not both keyId and pkcs8")),
    };
    Ok(Keys { signer, next: text.next.map(key).transpose()? })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_key_survives_being_a_secret() {
        for (signs, follows) in [(false, false), (true, false), (false, true), (true, true)] {
            let signer = signs.then(|| Signer::new("K2JCJMDEHXQW5F", SigningKey::generate().unwrap()));
            let whole = Keys { signer, next: follows.then(|| SigningKey::generate().unwrap()) };
            let said = |keys: &Keys| {
                let signer = keys.signer.as_ref().map(|signer| (signer.key_id().to_owned(), signer.key().public()));
                (signer, keys.next.as_ref().map(SigningKey::public))
            };
            assert_eq!(said(&keys(&text(&whole)).unwrap()), said(&whole));
            for key in [whole.signer.as_ref().map(Signer::key), whole.next.as_ref()].into_iter().flatten() {
                assert!(!format!("{whole:?}").contains(&STANDARD.encode(key.pkcs8())));
            }
        }
    }

    #[test]
    fn a_secret_that_is_no_key_is_not_told() {
        for text in [
            "",
            "swordfish",
            r#"{"keyId":"K1"}"#,
            r#"{"keyId":"K1","pkcs8":"swordfish!"}"#,
            r#"{"keyId":"K1","pkcs8":"c3dvcmRmaXNo"}"#,
        ] {
            let error = keys(text).unwrap_err();
            assert!(!format!("{error} {error:?}").contains("fish"), "{error}");
        }
    }
}
