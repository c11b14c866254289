// SPDX-License-Identifier: GPL-3.0-or-later
//! JSON Web Tokens, here in HS256: the credentials of the shop's users, and download tokens as flat-manager accepts them.

use std::time::{SystemTime, UNIX_EPOCH};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, Mac};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use sha2::Sha256;

/// Text that every credential of this shop contains and nothing else does, so that a search for it finds leaks.
///
/// It is the start of the claims, `{"jti":"CANARY-`, in base64.
pub const CREDENTIAL_MARK: &str = "eyJqdGkiOiJDQU5BUlkt";
/// The same for download tokens and those for the list, whose claims begin with `{"name":"CANARY-`.
pub const DOWNLOAD_TOKEN_MARK: &str = "eyJuYW1lIjoiQ0FOQVJZL";

const HEADER: &str = r#"{"alg":"HS256","typ":"JWT"}"#;

/// The claims of a credential. [`CREDENTIAL_MARK`] depends on the order of the fields.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct CredentialClaims {
    pub(crate) jti: String,
    pub(crate) sub: String,
    pub(crate) name: String,
    pub(crate) exp: i64,
}

/// The claims of a download token. [`DOWNLOAD_TOKEN_MARK`] depends on the order of the fields.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct DownloadClaims {
    /// Names a token that was handed out and can be revoked: `CANARY-…`, so that it has the mark of a credential.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) jti: Option<String>,
    #[serde(default)]
    pub(crate) name: String,
    pub(crate) sub: String,
    #[serde(default)]
    pub(crate) prefixes: Vec<String>,
    /// What the token is for, and the repositories: for those who check it elsewhere. Empty where nobody can.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) scope: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) repos: Vec<String>,
    pub(crate) exp: i64,
}

/// The claims of a token for the list of what the repository has. [`DOWNLOAD_TOKEN_MARK`] depends on the order of the fields.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct ListingClaims {
    pub(crate) name: String,
    pub(crate) sub: String,
    pub(crate) exp: i64,
}

/// What a token says that is handed to a person to paste.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenTerms {
    /// Whose token it is; may be empty.
    pub name: String,
    /// The apps that it is for: each of these ids, and the ids below it. With none it is for all.
    pub prefixes: Vec<String>,
    /// In how many seconds it ends; what is negative has ended already.
    pub lifetime: i64,
}

impl TokenTerms {
    /// A token of nobody in particular for these apps, for a day.
    pub fn for_apps(prefixes: &[&str]) -> Self {
        let prefixes = prefixes.iter().map(ToString::to_string).collect();
        Self { name: String::new(), prefixes, lifetime: 24 * 60 * 60 }
    }
}

impl DownloadClaims {
    /// Whether the token covers this app, runtime or extension, by flat-manager's rule: a token without prefixes covers
    /// everything.
    pub(crate) fn matches(&self, id: &str) -> bool {
        self.prefixes.is_empty()
            || self.prefixes.iter().any(|prefix| {
                prefix.is_empty()
                    || id.strip_prefix(prefix.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
            })
    }
}

/// Why a token was not accepted.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TokenError {
    #[error("Invalid token")]
    Malformed,
    #[error("Invalid token signature")]
    Signature,
    #[error("Invalid token claims")]
    Claims,
}

/// Seconds since 1970.
pub(crate) fn now() -> i64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |elapsed| i64::try_from(elapsed.as_secs()).unwrap_or(i64::MAX))
}

/// Signs claims.
pub(crate) fn sign(claims: &impl Serialize, secret: &[u8]) -> String {
    sign_text(HEADER, claims, |signed| mac(secret, signed).finalize().into_bytes().to_vec())
}

/// A token with this header and these claims, and what makes its signature.
pub(crate) fn sign_text(header: &str, claims: &impl Serialize, signature: impl FnOnce(&[u8]) -> Vec<u8>) -> String {
    let claims = serde_json::to_vec(claims).expect("claims are plain data");
    let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
    let signature = signature(signed.as_bytes());
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
}

/// The parts of a token whose signature is not checked yet.
pub(crate) struct SignedText<'a> {
    pub(crate) header: Header,
    /// What is signed.
    pub(crate) signed: &'a [u8],
    pub(crate) signature: Vec<u8>,
    claims: &'a str,
}

/// What a header says.
#[derive(Deserialize)]
pub(crate) struct Header {
    pub(crate) alg: String,
    pub(crate) kid: Option<String>,
}

impl<'a> SignedText<'a> {
    pub(crate) fn read(token: &'a str) -> Result<Self, TokenError> {
        let (signed, signature) = token.rsplit_once('.').ok_or(TokenError::Malformed)?;
        let (header, claims) = signed.split_once('.').ok_or(TokenError::Malformed)?;
        let header = serde_json::from_slice(&decode(header)?).map_err(|_| TokenError::Malformed)?;
        Ok(Self { header, signed: signed.as_bytes(), signature: decode(signature)?, claims })
    }

    /// The claims, for whoever has checked the signature.
    pub(crate) fn claims<T: DeserializeOwned>(&self) -> Result<T, TokenError> {
        serde_json::from_slice(&decode(self.claims)?).map_err(|_| TokenError::Claims)
    }
}

fn decode(part: &str) -> Result<Vec<u8>, TokenError> {
    URL_SAFE_NO_PAD.decode(part).map_err(|_| TokenError::Malformed)
}

/// Checks the signature and reads the claims. The caller checks the expiry.
pub(crate) fn verify<T: DeserializeOwned>(token: &str, secret: &[u8]) -> Result<T, TokenError> {
    let text = SignedText::read(token)?;
    if text.header.alg != "HS256" {
        return Err(TokenError::Malformed);
    }
    mac(secret, text.signed).verify_slice(&text.signature).map_err(|_| TokenError::Signature)?;
    text.claims()
}

fn mac(secret: &[u8], signed: &[u8]) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).expect("HMAC takes keys of any length");
    mac.update(signed);
    mac
}

#[cfg(test)]
mod tests {
    use super::*;

    fn download(prefixes: &[&str]) -> DownloadClaims {
        DownloadClaims {
            name: "CANARY-demo-store".to_owned(),
            sub: "users/1".to_owned(),
            prefixes: prefixes.iter().map(ToString::to_string).collect(),
            scope: Vec::new(),
            repos: Vec::new(),
            exp: 10,
            jti: None,
        }
    }

    #[test]
    fn a_signed_token_reads_back_and_no_other_secret_opens_it() {
        let token = sign(&download(&["org.example.A"]), b"one");
        let claims: DownloadClaims = verify(&token, b"one").unwrap();
        assert_eq!(claims.prefixes, ["org.example.A"]);
        assert_eq!(verify::<DownloadClaims>(&token, b"two").unwrap_err(), TokenError::Signature);
    }

    #[test]
    fn a_token_without_signature_is_refused() {
        let header = URL_SAFE_NO_PAD.encode(r#"{"alg":"none"}"#);
        let claims = URL_SAFE_NO_PAD.encode(r#"{"sub":"users/1","exp":99999999999}"#);
        for token in [format!("{header}.{claims}."), format!("{header}.{claims}"), String::new()] {
            assert!(verify::<DownloadClaims>(&token, b"one").is_err());
        }
    }

    #[test]
    fn the_signature_agrees_with_the_example_of_rfc_7515() {
        let key = URL_SAFE_NO_PAD
            .decode("AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow")
            .unwrap();
        let token = concat!(
            "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFt",
            "cGxlLmNvbS9pc19yb290Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
        );
        let claims: serde_json::Value = verify(token, &key).unwrap();
        assert_eq!(claims["exp"], 1_300_819_380);
    }

    #[test]
    fn a_prefix_covers_the_app_and_what_is_below_it() {
        let claims = download(&["org.example.A"]);
        assert!(claims.matches("org.example.A"));
        assert!(claims.matches("org.example.A.Locale"));
        assert!(!claims.matches("org.example.AB"));
        assert!(!claims.matches("org.example"));
        assert!(download(&[]).matches("org.example.Anything"));
    }

    #[test]
    fn every_token_contains_its_mark() {
        let credential = CredentialClaims {
            jti: "CANARY-0123".to_owned(),
            sub: "users/1".to_owned(),
            name: "demo".to_owned(),
            exp: 10,
        };
        assert!(sign(&credential, b"secret").contains(CREDENTIAL_MARK));
        assert!(sign(&download(&[]), b"secret").contains(DOWNLOAD_TOKEN_MARK));
        let listing = ListingClaims { name: "CANARY-demo-store".to_owned(), sub: "users/1".to_owned(), exp: 10 };
        assert!(sign(&listing, b"secret").contains(DOWNLOAD_TOKEN_MARK));
        let handed_out = DownloadClaims { jti: Some("CANARY-0123".to_owned()), ..download(&[]) };
        assert!(sign(&handed_out, b"secret").contains(CREDENTIAL_MARK));
    }
}
