//! OpenSSL reads our public keys and verifies our signatures.

use std::path::Path;
use std::process::Command;
use std::{env, fs, process};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use reelspan::cloudfront::key::SigningKey;

/// Whether `openssl dgst -sha256 -verify` accepts a signature.
fn verified(folder: &Path, pem: &str, message: &[u8], signature: &[u8]) -> bool {
    for (name, bytes) in [("public.pem", pem.as_bytes()), ("message", message), ("signature", signature)] {
        fs::write(folder.join(name), bytes).unwrap();
    }
    let mut openssl = Command::new("openssl");
    openssl.args(["dgst", "-sha256", "-verify", "public.pem", "-signature", "signature", "message"]);
    openssl.current_dir(folder).output().unwrap().status.success()
}

#[test]
fn openssl_verifies_what_is_signed() {
    let folder = env::temp_dir().join(format!("reelspan-openssl-{}", process::id()));
    fs::create_dir_all(&folder).unwrap();
    let made = include_str!("../../../tests/cloudfront/signed_by_botocore.json");
    let made: serde_json::Value = serde_json::from_str(made).unwrap();
    let rsa = STANDARD.decode(made.get("pkcs8").unwrap().as_str().unwrap()).unwrap();
    let ecdsa = SigningKey::generate().unwrap();
    for key in [SigningKey::from_pkcs8(&rsa).unwrap(), SigningKey::from_pkcs8(ecdsa.pkcs8()).unwrap()] {
        for message in [b"".as_slice(), b"{\"Statement\":[]}", &[0xff; 10_000]] {
            let signature = key.sign(message).unwrap();
            assert!(verified(&folder, &key.public_pem(), message, &signature));
            assert!(!verified(&folder, &key.public_pem(), &[message, b" "].concat(), &signature));
        }
    }
    fs::remove_dir_all(&folder).unwrap();
}
