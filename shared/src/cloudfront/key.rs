//! Keys for signing and verifying. CloudFront accepts ECDSA on P-256 and RSA with 2048 bits (*CloudFront Developer
//! Guide*, "Create key pairs for your signers"), both here with SHA-256. An ECDSA signature is in ASN.1, an RSA one is
//! PKCS #1 version 1.5, as `openssl dgst -sha256 -sign` writes them.
//!
//! A public key is a `SubjectPublicKeyInfo` in DER (RFC 5280 §4.1). Either kind has exactly one encoding, so the bytes
//! before the key proper are a constant.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::rand::SystemRandom;
use ring::rsa::KeyPair as RsaKeyPair;
use ring::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair, RSA_PKCS1_2048_8192_SHA256,
    RSA_PKCS1_SHA256, UnparsedPublicKey,
};

/// The prefix of a point on P-256: RFC 5480 §2 (`id-ecPublicKey`, `secp256r1`).
const P256: [u8; 26] =
    *b"\x30\x59\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07\x03\x42\x00";
/// The length of an uncompressed point on P-256.
const POINT: usize = 65;
/// The prefix of an `RSAPublicKey` of 2048 bits with the exponent 65537: RFC 3279 §2.3.1 (`rsaEncryption`).
const RSA: [u8; 24] =
    *b"\x30\x82\x01\x22\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00\x03\x82\x01\x0f\x00";
/// The length of that `RSAPublicKey` (RFC 8017 §A.1.1).
const MODULUS_AND_EXPONENT: usize = 270;

/// Why a key cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// CloudFront does not accept such a key.
    #[error("the key is not PKCS #8 of ECDSA on P-256, nor of RSA with 2048 bits")]
    NotOurs,
    /// The system has no random numbers.
    #[error("the system gives no random numbers")]
    NoRandomness,
}

/// A private key.
pub struct SigningKey {
    pkcs8: Vec<u8>,
    pair: SigningKeyPair,
    random: SystemRandom,
}

enum SigningKeyPair {
    Ecdsa(EcdsaKeyPair),
    Rsa(RsaKeyPair),
}

impl SigningKey {
    /// Generates a key of ECDSA on P-256.
    pub fn generate() -> Result<Self, KeyError> {
        let random = SystemRandom::new();
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &random);
        Self::from_pkcs8(pkcs8.map_err(|_| KeyError::NoRandomness)?.as_ref())
    }

    /// Reads a key from unencrypted PKCS #8 in DER (RFC 5958).
    pub fn from_pkcs8(pkcs8: &[u8]) -> Result<Self, KeyError> {
        let random = SystemRandom::new();
        let pair = if let Ok(pair) = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, pkcs8, &random) {
            SigningKeyPair::Ecdsa(pair)
        } else {
            let pair = RsaKeyPair::from_pkcs8(pkcs8).map_err(|_| KeyError::NotOurs)?;
            if pair.public_key().as_ref().len() != MODULUS_AND_EXPONENT {
                return Err(KeyError::NotOurs);
            }
            SigningKeyPair::Rsa(pair)
        };
        Ok(Self { pkcs8: pkcs8.to_vec(), pair, random })
    }

    /// The private key, as it was read.
    #[must_use]
    pub fn pkcs8(&self) -> &[u8] {
        &self.pkcs8
    }

    /// The public key: a `SubjectPublicKeyInfo` in DER.
    #[must_use]
    pub fn public(&self) -> Vec<u8> {
        match &self.pair {
            SigningKeyPair::Ecdsa(pair) => [P256.as_slice(), pair.public_key().as_ref()].concat(),
            SigningKeyPair::Rsa(pair) => [RSA.as_slice(), pair.public_key().as_ref()].concat(),
        }
    }

    /// The public key as CloudFront accepts it: in PEM (RFC 7468 §13).
    #[must_use]
    pub fn public_pem(&self) -> String {
        let text = STANDARD.encode(self.public());
        let mut pem = String::from("-----BEGIN PUBLIC KEY-----\n");
        for (at, letter) in text.char_indices() {
            if at > 0 && at % 64 == 0 {
                pem.push('\n');
            }
            pem.push(letter);
        }
        pem.push_str("\n-----END PUBLIC KEY-----\n");
        pem
    }

    /// Signs a message. ECDSA signatures differ each time.
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        match &self.pair {
            SigningKeyPair::Ecdsa(pair) => {
                let signature = pair.sign(&self.random, message).map_err(|_| KeyError::NoRandomness)?;
                Ok(signature.as_ref().to_vec())
            }
            SigningKeyPair::Rsa(pair) => {
                let mut signature = vec![0; pair.public().modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &self.random, message, &mut signature)
                    .map_err(|_| KeyError::NoRandomness)?;
                Ok(signature)
            }
        }
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("SigningKey").finish_non_exhaustive()
    }
}

/// Whether this public key verifies a signature over a message. An invalid key verifies none.
#[must_use]
pub fn is_signature(public: &[u8], message: &[u8], signature: &[u8]) -> bool {
    let verified = if let Some(point) = public.strip_prefix(&P256).filter(|point| point.len() == POINT) {
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, point).verify(message, signature)
    } else if let Some(key) = public.strip_prefix(&RSA).filter(|key| key.len() == MODULUS_AND_EXPONENT) {
        UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key).verify(message, signature)
    } else {
        return false;
    };
    verified.is_ok()
}
