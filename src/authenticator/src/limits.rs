// SPDX-License-Identifier: GPL-3.0-or-later
//! What a call may ask (rule R9). Pure: checks the parts of a call, and says why one is refused.

use std::collections::BTreeSet;

use usher_core::{names::FLATPAK_AUTHENTICATOR_PATH, prompt, refs::AppId};

/// Most refs of one request.
pub(crate) const REFS_LIMIT: usize = 4096;
/// Most apps in one question.
pub(crate) const IDS_LIMIT: usize = 1024;
/// Longest string of any kind, in bytes.
const STRING_LIMIT: usize = 4096;
/// Most entries of a dictionary.
pub(crate) const OPTIONS_LIMIT: usize = 256;
/// Largest content of a dictionary, in bytes.
pub(crate) const DICTIONARY_LIMIT: usize = 64 << 10;

/// Why a call is refused before anything happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum LimitError {
    /// Not 1 to 255 letters, digits and underscores.
    #[error("the handle token is not 1 to 255 letters, digits and underscores")]
    HandleToken,
    /// The request has no refs.
    #[error("no refs")]
    NoRefs,
    /// More refs than one request may have.
    #[error("too many refs")]
    TooManyRefs,
    /// A ref that is not `app|runtime/ID/ARCH/BRANCH`.
    #[error("not a full flatpak ref")]
    Ref,
    /// Not the id of an app.
    #[error("not the id of an app")]
    AppId,
    /// More apps than one question may have.
    #[error("too many apps")]
    TooManyIds,
    /// Not a bearer token.
    #[error("not a token")]
    Token,
    /// One ref with two tokens.
    #[error("a ref with two tokens")]
    TwoTokens,
    /// A string longer than any sensible one.
    #[error("a string is too long")]
    TooLong,
    /// More options than any sensible remote has.
    #[error("too many options")]
    TooManyOptions,
    /// A dictionary larger than any sensible one.
    #[error("a dictionary is too large")]
    TooLargeDictionary,
    /// More files than anybody opens at once.
    #[error("too many files")]
    TooManyFiles,
}

/// The object path of a request, as the client itself computes it.
pub(crate) fn handle_path(sender: &str, token: &str) -> Result<String, LimitError> {
    let token = handle_token(token)?;
    Ok(format!("{}/{token}", client_path(sender)))
}

/// The path above the handles of a client.
pub(crate) fn client_path(sender: &str) -> String {
    let sender = sender.trim_start_matches(':').replace('.', "_");
    format!("{FLATPAK_AUTHENTICATOR_PATH}/request/{sender}")
}

/// A caller's name for its call.
pub(crate) fn handle_token(token: &str) -> Result<&str, LimitError> {
    if prompt::is_handle_token(token) { Ok(token) } else { Err(LimitError::HandleToken) }
}

/// A text within the limits.
pub(crate) fn text(text: &str) -> Result<String, LimitError> {
    within(text).map(|()| text.to_owned())
}

/// The caller's window; empty if the handle makes no sense.
pub(crate) fn parent_window(text: &str) -> Result<String, LimitError> {
    within(text)?;
    Ok(if is_window_handle(text) { text.to_owned() } else { String::new() })
}

/// The id of an app.
pub(crate) fn app_id(text: &str) -> Result<String, LimitError> {
    AppId::parse(text).map(String::from).map_err(|_| LimitError::AppId)
}

/// The ids of the apps in one question, each once.
pub(crate) fn app_ids(texts: &[&str]) -> Result<BTreeSet<String>, LimitError> {
    if texts.len() > IDS_LIMIT {
        return Err(LimitError::TooManyIds);
    }
    texts.iter().map(|text| app_id(text)).collect()
}

/// Fails if a text exceeds the limits.
pub(crate) fn within(text: &str) -> Result<(), LimitError> {
    if text.len() > STRING_LIMIT { Err(LimitError::TooLong) } else { Ok(()) }
}

/// Whether a text can be a window's handle: `x11:` and a number in hexadecimal, or `wayland:` and a printable word.
fn is_window_handle(text: &str) -> bool {
    if let Some(id) = text.strip_prefix("x11:") {
        return (1..=16).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    }
    text.strip_prefix("wayland:").is_some_and(|word| {
        (1..=255).contains(&word.len())
            && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn d01_an_empty_handle_token_is_refused() {
        assert_eq!(handle_path(":1.42", ""), Err(LimitError::HandleToken));
    }

    #[test]
    fn d02_a_handle_token_is_one_element_of_a_path() {
        for bad in ["a/b", "..", "a-b", "é", &"a".repeat(256)] {
            assert_eq!(handle_path(":1.42", bad), Err(LimitError::HandleToken), "{bad}");
        }
        assert!(handle_path(":1.42", &"a".repeat(255)).is_ok());
        assert_eq!(handle_path(":1.42", "7").unwrap(), "/org/freedesktop/Flatpak/Authenticator/request/1_42/7");
    }

    #[test]
    fn d05_one_question_has_1024_apps_at_most() {
        let texts: Vec<String> = (0..1025).map(|number| format!("org.example.A{number}")).collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        assert_eq!(app_ids(&texts), Err(LimitError::TooManyIds));
        assert_eq!(app_ids(&texts[1..]).unwrap().len(), 1024);
        assert_eq!(app_ids(&[]), Ok(BTreeSet::new()));
    }

    #[test]
    fn d06_a_question_takes_only_ids_of_apps() {
        for bad in ["", "x", "a/b.c", "a.b/c", "a.b\n", "a..b", ".a.b", "é.b", &format!("a.{}", "b".repeat(5000))] {
            assert_eq!(app_ids(&["org.example.App", bad]), Err(LimitError::AppId), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn handles_are_valid_distinct_paths_of_eight_elements(
            first in (0u32..50, 0u32..50, "[A-Za-z0-9_./-]{0,4}"), second in (0u32..50, 0u32..50, "[A-Za-z0-9_]{1,4}"),
        ) {
            let path = |(a, b, token): &(u32, u32, String)| handle_path(&format!(":{a}.{b}"), token);
            if let (Ok(one), Ok(two)) = (path(&first), path(&second)) {
                prop_assert!(zbus::zvariant::ObjectPath::try_from(one.as_str()).is_ok());
                prop_assert_eq!(one.split('/').count(), 8);
                prop_assert_eq!(one == two, first == second);
            }
        }

    }
}
