// SPDX-License-Identifier: GPL-3.0-or-later
//! Secrets have types of their own: they can be sent and saved, but not printed. Dropping one wipes it.

use std::{fmt, sync::Arc};

use serde::{
    Deserialize, Deserializer, Serialize,
    de::{Error as _, MapAccess, Visitor, value::MapAccessDeserializer},
};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

/// Longest token, in bytes (rule R11).
pub const TOKEN_LIMIT: usize = 8 * 1024;
/// Longest secret of any other kind, in bytes.
pub const SECRET_LIMIT: usize = 64 * 1024;

/// A text has characters that no bearer token has, or too many (rule R11).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a bearer token")]
pub struct TokenError;

/// A bearer token (RFC 6750 `b64token`), never empty. `Debug` does not show it. Its clones share one text, which the last of
/// them wipes.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Token(Arc<Zeroizing<String>>);

impl Token {
    /// Checks the characters and the length of a token (rules R11 and F8: a line break would start a new header).
    pub fn parse(text: &str) -> Result<Self, TokenError> {
        let body = text.trim_end_matches('=');
        let valid = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/".contains(&byte);
        if body.is_empty() || text.len() > TOKEN_LIMIT || !body.bytes().all(valid) {
            return Err(TokenError);
        }
        Ok(Self(Arc::new(Zeroizing::new(text.to_owned()))))
    }

    /// The token's text: for a request's header, the keyring, or flatpak's answer, and nothing else.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token([REDACTED])")
    }
}

impl TryFrom<String> for Token {
    type Error = TokenError;
    fn try_from(mut text: String) -> Result<Self, TokenError> {
        let token = Self::parse(&text);
        text.zeroize();
        token
    }
}

impl From<Token> for String {
    fn from(token: Token) -> Self {
        token.expose().to_owned()
    }
}

/// A secret is empty, or longer than any sensible one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a secret of a sensible length")]
pub struct SecretError;

/// Secret text that is no bearer token: a password, or a refresh token. Never empty. `Debug` does not show it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
#[serde(try_from = "String", into = "String")]
pub struct Secret(String);

impl Secret {
    /// The secret's text: for the server that it belongs to, or the keyring, and nothing else.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret([REDACTED])")
    }
}

impl TryFrom<String> for Secret {
    type Error = SecretError;
    fn try_from(text: String) -> Result<Self, SecretError> {
        let secret = Self(text);
        if (1..=SECRET_LIMIT).contains(&secret.0.len()) { Ok(secret) } else { Err(SecretError) }
    }
}

impl From<Secret> for String {
    fn from(secret: Secret) -> Self {
        secret.0.clone()
    }
}

/// What an account signs in with. Its parts wipe themselves; `Debug` shows only its kind.
#[derive(Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Credential {
    /// A token that the account server issued at sign-in.
    Bearer(Token),
    /// A user name with a password, or with an access token in place of the password.
    Password {
        /// The name that goes with the password.
        user: String,
        /// The password or access token.
        password: Secret,
    },
    /// Tokens from an OAuth 2 provider (RFC 6749).
    #[serde(rename = "oauth2")]
    OAuth2 {
        /// The access token.
        access: Token,
        /// The refresh token, if there is one.
        refresh: Option<Secret>,
        /// When the access token ends: seconds since 1970.
        ends: Option<i64>,
    },
    /// A token that the person pasted.
    Pasted(Token),
}

impl Credential {
    /// The bearer token of the account, if it has one.
    pub fn bearer(&self) -> Option<&Token> {
        match self {
            Self::Bearer(token) | Self::Pasted(token) | Self::OAuth2 { access: token, .. } => Some(token),
            Self::Password { .. } => None,
        }
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bearer(_) => "Bearer([REDACTED])",
            Self::Password { .. } => "Password([REDACTED])",
            Self::OAuth2 { .. } => "OAuth2([REDACTED])",
            Self::Pasted(_) => "Pasted([REDACTED])",
        })
    }
}

/// The kinds as read. Serde's own code, used after the check for older records.
#[derive(Deserialize)]
#[serde(remote = "Credential", rename_all = "kebab-case")]
enum Kinds {
    Bearer(Token),
    Password {
        user: String,
        password: Secret,
    },
    #[serde(rename = "oauth2")]
    OAuth2 {
        access: Token,
        refresh: Option<Secret>,
        ends: Option<i64>,
    },
    Pasted(Token),
}

/// Records of version 1 hold the token of a web sign-in as plain text.
impl<'de> Deserialize<'de> for Credential {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;

        impl<'de> Visitor<'de> for Either {
            type Value = Credential;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a credential")
            }

            fn visit_str<E: serde::de::Error>(self, token: &str) -> Result<Credential, E> {
                Token::parse(token).map(Credential::Bearer).map_err(E::custom)
            }

            fn visit_string<E: serde::de::Error>(self, token: String) -> Result<Credential, E> {
                self.visit_str(&Zeroizing::new(token))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Credential, A::Error> {
                Kinds::deserialize(MapAccessDeserializer::new(map)).map_err(|_| A::Error::custom("not a credential"))
            }
        }

        deserializer.deserialize_any(Either)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(text: &str) -> Token {
        Token::parse(text).unwrap()
    }

    fn secret(text: &str) -> Secret {
        Secret::try_from(text.to_owned()).unwrap()
    }

    fn one_of_each() -> [Credential; 4] {
        [
            Credential::Bearer(token("abcdefgh")),
            Credential::Password { user: "demo".into(), password: secret("abc def: gh") },
            Credential::OAuth2 { access: token("abcdefgh"), refresh: Some(secret("abc\"def")), ends: Some(7) },
            Credential::Pasted(token("abcdefgh")),
        ]
    }

    #[test]
    fn h12_only_bearer_tokens_are_tokens() {
        for bad in ["", "=", "a\r\nX: 1", "a\nb", "a b", "a\0b", "é", "a\u{7f}", "a=b"] {
            assert_eq!(Token::parse(bad), Err(TokenError));
        }
        assert_eq!(Token::parse(&"a".repeat(9 * 1024)), Err(TokenError));
        assert!(Token::parse("eyJ.a-b_c~d+e/f==").is_ok());
    }

    #[test]
    fn a_secret_is_some_text_within_the_limit() {
        for bad in [String::new(), "a".repeat(SECRET_LIMIT + 1)] {
            assert_eq!(Secret::try_from(bad), Err(SecretError));
        }
        assert_eq!(secret("pass word: é").expose(), "pass word: é");
    }

    #[test]
    fn no_secret_is_printed() {
        for credential in one_of_each() {
            let printed = format!("{credential:?} {:?} {:?}", token("abcdefgh"), secret("abc def"));
            assert!(!printed.contains("abc") && !printed.contains("demo"), "{printed}");
        }
    }

    #[test]
    fn a_written_credential_reads_back_unchanged() {
        for credential in one_of_each() {
            let written = serde_json::to_string(&credential).unwrap();
            assert_eq!(serde_json::from_str::<Credential>(&written).unwrap(), credential, "{written}");
        }
    }

    #[test]
    fn the_credential_of_an_older_record_is_a_bearer_token() {
        assert_eq!(serde_json::from_str::<Credential>(r#""abc""#).unwrap(), Credential::Bearer(token("abc")));
    }

    #[test]
    fn only_a_credential_is_read() {
        for bad in [
            r#""a b""#,
            r#""""#,
            "{}",
            "[]",
            "null",
            r#"{"bearer":"a b"}"#,
            r#"{"other":"a"}"#,
            r#"{"bearer":"a","pasted":"b"}"#,
            r#"{"password":{"user":"a"}}"#,
        ] {
            assert!(serde_json::from_str::<Credential>(bad).is_err(), "{bad}");
        }
    }
}
