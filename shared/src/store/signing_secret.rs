//! The key that signs URLs and cookies, in a secret of Secrets Manager: JSON with `keyId`, CloudFront's name for it, and `pkcs8`, the
//! private key in base64. The public keys are in the table of spaces ([`crate::cloudfront::commons`]).

use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::config as secrets;
use aws_sdk_secretsmanager::error::ProvideErrorMetadata;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use super::error::{SECRETS, of_secrets};
use super::{Error, timeouts};
use crate::cloudfront::key::SigningKey;
use crate::cloudfront::sign::Signer;

/// The secret.
#[derive(Clone, Debug)]
pub struct SigningSecret {
    client: Client,
    secret: String,
}

/// What the secret's text is. Without `Debug`, so that it is never shown.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Text {
    key_id: String,
    pkcs8: String,
}

impl SigningSecret {
    /// The secret of this name or ARN, behind a client of this configuration.
    #[must_use]
    pub fn new(config: secrets::Builder, secret: impl Into<String>) -> Self {
        let client = Client::from_conf(config.timeout_config(timeouts()).build());
        Self { client, secret: secret.into() }
    }

    /// The key that signs; `None` where none was put yet.
    pub async fn get(&self) -> Result<Option<Signer>, Error> {
        match self.client.get_secret_value().secret_id(&self.secret).send().await {
            Ok(answer) => signer(answer.secret_string().unwrap_or_default()).map(Some),
            // There is no such secret, or it has no value.
            Err(error) if error.code() == Some("ResourceNotFoundException") => Ok(None),
            Err(error) => Err(of_secrets(&error)),
        }
    }

    /// Replaces the key that signs.
    pub async fn put(&self, signer: &Signer) -> Result<(), Error> {
        let put = self.client.put_secret_value().secret_id(&self.secret).secret_string(text(signer));
        put.send().await.map(drop).map_err(|error| of_secrets(&error))
    }
}

fn text(signer: &Signer) -> String {
    let text = Text { key_id: signer.key_id().to_owned(), pkcs8: STANDARD.encode(signer.key().pkcs8()) };
    // Text keys and texts: there is nothing in it that could fail.
    serde_json::to_string(&text).unwrap_or_default()
}

/// The errors leave out what was found: it is a secret.
fn signer(text: &str) -> Result<Signer, Error> {
    let wrong = |message: &str| Error::Service { service: SECRETS, message: message.to_owned() };
    let text: Text =
        serde_json::from_str(text).map_err(|_| wrong("the signing key is not JSON with keyId and pkcs8"))?;
    let pkcs8 = STANDARD.decode(&text.pkcs8).map_err(|_| wrong("the signing key is not base64"))?;
    let key = SigningKey::from_pkcs8(&pkcs8).map_err(|error| wrong(&error.to_string()))?;
    Ok(Signer::new(text.key_id, key))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_key_survives_being_a_secret() {
        let whole = Signer::new("K2JCJMDEHXQW5F", SigningKey::generate().unwrap());
        let read = signer(&text(&whole)).unwrap();
        assert_eq!((read.key_id(), read.key().public()), (whole.key_id(), whole.key().public()));
        assert!(!format!("{whole:?}").contains(&STANDARD.encode(whole.key().pkcs8())));
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
            let error = signer(text).unwrap_err();
            assert!(!format!("{error} {error:?}").contains("fish"), "{error}");
        }
    }
}
