// SPDX-License-Identifier: GPL-3.0-or-later
//! Secrets are types of their own: they can be sent and saved, not printed.

use std::fmt;

use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop};

/// Longest token, in bytes (rule R11).
pub const TOKEN_LIMIT: usize = 8 * 1024;

/// A token has characters that no bearer token has (rule R11).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a bearer token")]
pub struct TokenError;

/// A bearer token (RFC 6750 `b64token`), never empty. Wiped when dropped; `Debug` does not show it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
#[serde(try_from = "String", into = "String")]
pub struct Token(String);

impl Token {
    /// Checks the characters and the length of a token (rules R11 and F8: a line break would become a header).
    pub fn parse(text: &str) -> Result<Self, TokenError> {
        let body = text.trim_end_matches('=');
        let valid = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/".contains(&byte);
        if body.is_empty() || text.len() > TOKEN_LIMIT || !body.bytes().all(valid) {
            return Err(TokenError);
        }
        Ok(Self(text.to_owned()))
    }

    /// The token itself: for a request's header, the keyring, or flatpak's answer, and nothing else.
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
        token.0.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn h12_only_bearer_tokens_are_tokens() {
        for bad in ["", "=", "a\r\nX: 1", "a\nb", "a b", "a\0b", "é", "a\u{7f}", "a=b"] {
            assert_eq!(Token::parse(bad), Err(TokenError));
        }
        assert_eq!(Token::parse(&"a".repeat(9 * 1024)), Err(TokenError));
        assert!(Token::parse("eyJ.a-b_c~d+e/f==").is_ok());
    }

    #[test]
    fn a_token_is_not_printed() {
        assert!(!format!("{:?}", Token::parse("abcdefgh").unwrap()).contains("abc"));
    }
}
