// SPDX-License-Identifier: GPL-3.0-or-later
//! Flatpak refs, and the app ids to ask tokens for.

use std::{borrow::Borrow, cmp::Ordering, fmt, str::FromStr, sync::Arc};

use serde::{Deserialize, Serialize};

/// Longest part of a ref, in bytes (rule R9).
const PART_LIMIT: usize = 255;

/// The kind of thing that a ref names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RefKind {
    /// An application.
    App,
    /// A runtime or an extension.
    Runtime,
}

impl RefKind {
    /// First part of a ref, and the name of its folder in an installation.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::App => "app",
            Self::Runtime => "runtime",
        }
    }
}

/// A text is not a ref of the form `app|runtime/ID/ARCH/BRANCH`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a flatpak ref")]
pub struct RefError;

/// A text is not the id of an app.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not the id of an app")]
pub struct AppIdError;

/// The id of an app: letters, digits, `_` and `-` in at least two parts joined by dots, at most 255 bytes. Safe in a
/// ref, in a path, and in a command, where nothing mistakes it for an option.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AppId(String);

impl AppId {
    /// Checks a text and makes it an id.
    pub fn parse(text: &str) -> Result<Self, AppIdError> {
        if is_id(text) { Ok(Self(text.to_owned())) } else { Err(AppIdError) }
    }

    /// Whether a text is the id of an app.
    pub fn is_valid(text: &str) -> bool {
        is_id(text)
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The id to ask a token for: that of the app to which this part belongs.
    pub fn whole_app(&self) -> Self {
        Self(whole_app(&self.0).to_owned())
    }
}

impl FromStr for AppId {
    type Err = AppIdError;

    fn from_str(text: &str) -> Result<Self, AppIdError> {
        Self::parse(text)
    }
}

impl TryFrom<String> for AppId {
    type Error = AppIdError;

    fn try_from(text: String) -> Result<Self, AppIdError> {
        if is_id(&text) { Ok(Self(text)) } else { Err(AppIdError) }
    }
}

impl From<AppId> for String {
    fn from(id: AppId) -> Self {
        id.0
    }
}

impl fmt::Display for AppId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl AsRef<str> for AppId {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

// Lets a set of ids be searched with plain text.
impl Borrow<str> for AppId {
    fn borrow(&self) -> &str {
        &self.0
    }
}

/// The rule for ids of apps and runtimes.
fn is_id(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    text.len() <= PART_LIMIT
        && text.bytes().all(allowed)
        && text.contains('.')
        && !text.starts_with(['.', '-'])
        && !text.ends_with('.')
        && !text.contains("..")
}

/// The id of the app to which a sub-ref belongs (`.Locale`, `.Debug` and `.Sources`, folded as in flatpak's sample
/// authenticator).
fn whole_app(mut id: &str) -> &str {
    while let Some(parent) = [".Locale", ".Debug", ".Sources"]
        .iter()
        .find_map(|suffix| id.strip_suffix(suffix))
        .filter(|parent| parent.contains('.'))
    {
        id = parent;
    }
    id
}

/// A full ref: `app/org.example.App/x86_64/stable`. Cheap to clone.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct FlatpakRef {
    text: Arc<str>,
    /// Where its id ends.
    id_end: u16,
    /// Where its architecture ends.
    arch_end: u16,
}

impl FlatpakRef {
    /// App or runtime.
    pub fn kind(&self) -> RefKind {
        if self.text.starts_with(RefKind::App.as_str()) { RefKind::App } else { RefKind::Runtime }
    }

    /// Application or runtime id.
    pub fn id(&self) -> &str {
        &self.text[self.kind().as_str().len() + 1..self.id_end.into()]
    }

    /// Architecture.
    pub fn arch(&self) -> &str {
        &self.text[usize::from(self.id_end) + 1..self.arch_end.into()]
    }

    /// Branch.
    pub fn branch(&self) -> &str {
        &self.text[usize::from(self.arch_end) + 1..]
    }

    fn parts(&self) -> (RefKind, &str, &str, &str) {
        (self.kind(), self.id(), self.arch(), self.branch())
    }

    /// The ref as text.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The id to ask a token for: that of the app to which a sub-ref belongs.
    pub fn app_id(&self) -> &str {
        whole_app(self.id())
    }
}

impl FromStr for FlatpakRef {
    type Err = RefError;

    fn from_str(text: &str) -> Result<Self, RefError> {
        let mut parts = text.split('/');
        let kind = parts.next().filter(|kind| ["app", "runtime"].contains(kind)).ok_or(RefError)?;
        let id = parts.next().filter(|id| is_id(id)).ok_or(RefError)?;
        let mut next = |allowed: fn(u8) -> bool| {
            parts
                .next()
                .filter(|part| !part.is_empty() && part.len() <= PART_LIMIT && part.bytes().all(allowed))
                .filter(|part| !part.starts_with('.'))
                .ok_or(RefError)
        };
        let arch = next(|byte| byte.is_ascii_alphanumeric() || byte == b'_')?;
        next(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))?;
        if parts.next().is_some() {
            return Err(RefError);
        }
        let id_end = kind.len() + 1 + id.len();
        // Each part has its limit, so that the sum fits.
        let end = |at: usize| u16::try_from(at).map_err(|_| RefError);
        Ok(Self { text: text.into(), id_end: end(id_end)?, arch_end: end(id_end + 1 + arch.len())? })
    }
}

/// By kind, then by id, architecture and branch.
impl Ord for FlatpakRef {
    fn cmp(&self, other: &Self) -> Ordering {
        self.parts().cmp(&other.parts())
    }
}

impl PartialOrd for FlatpakRef {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Debug for FlatpakRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FlatpakRef({self})")
    }
}

impl fmt::Display for FlatpakRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn d06_only_a_full_ref_is_a_ref() {
        for bad in [
            "app/x",
            "app//x86_64/m",
            "runtime/a/b/c/d",
            "app/a.b/x86_64/m\n",
            "app/../x86_64/m",
            "tree/a.b/x86_64/m",
            "app/none/x86_64/m",
            "app/.a.b/x/m",
            "app/a..b/x/m",
            "app/-a.b/x/m",
            "app/a.b/x/",
            "",
            "app/a.b/x/m/",
        ] {
            assert_eq!(bad.parse::<FlatpakRef>(), Err(RefError), "{bad}");
        }
        let long = format!("app/a.{}/x86_64/m", "b".repeat(5000));
        assert_eq!(long.parse::<FlatpakRef>(), Err(RefError));
    }

    #[test]
    fn a_part_of_an_app_has_the_apps_id() {
        let id = |text: &str| text.parse::<FlatpakRef>().unwrap().app_id().to_owned();
        assert_eq!(id("runtime/org.example.App.Locale/x86_64/stable"), "org.example.App");
        assert_eq!(id("runtime/org.example.App.Sources/x86_64/stable"), "org.example.App");
        assert_eq!(id("runtime/org.example.App.Docs/x86_64/stable"), "org.example.App.Docs");
        assert_eq!(id("app/org.Locale/x86_64/stable"), "org.Locale");
    }

    #[test]
    fn an_app_id_can_stand_in_a_ref_a_path_and_a_command() {
        for id in ["org.example.App", "a.b", "org.example.App_2.x-y", "org.7zip.App"] {
            assert_eq!(AppId::parse(id).unwrap().to_string(), id);
        }
        let long = format!("a.{}", "b".repeat(254));
        for bad in
            ["", "App", ".", "..", ".a.b", "a.b.", "a..b", "-a.b", "a.b/c", "a.b c", "a.b+c", "é.b", "a.b\n", &long]
        {
            assert_eq!(AppId::parse(bad), Err(AppIdError), "{bad}");
        }
        assert_eq!(AppId::parse("org.example.App.Locale").unwrap().whole_app().as_str(), "org.example.App");
        assert!(serde_json::from_str::<AppId>("\"a..b\"").is_err());
    }

    proptest! {
        #[test]
        fn an_app_id_is_valid_where_a_ref_can_have_it(id in "[a-z.-]{0,6}|\\PC{0,6}") {
            prop_assert_eq!(AppId::is_valid(&id), format!("app/{id}/x/m").parse::<FlatpakRef>().is_ok());
        }

        #[test]
        fn folding_twice_changes_nothing(id in "[a-z]{1,4}(\\.(Locale|Debug|Sources|App)){1,4}") {
            let folded = format!("app/{id}/x86_64/m").parse::<FlatpakRef>().unwrap().app_id().to_owned();
            let again = format!("app/{folded}/x86_64/m").parse::<FlatpakRef>().unwrap();
            prop_assert_eq!(again.app_id(), folded);
        }

        #[test]
        fn a_ref_writes_the_text_that_it_was_read_from(text in any::<String>()) {
            if let Ok(parsed) = text.parse::<FlatpakRef>() {
                prop_assert_eq!(parsed.to_string(), text);
            }
        }

        #[test]
        fn a_ref_is_the_sum_of_its_parts_and_sorts_by_them(
            first in ("app|runtime", "[a-c]\\.[a-c-]{1,2}[a-c]", "[xy]", "[a-c.-]{0,2}[0-9]"),
            second in ("app|runtime", "[a-c]\\.[a-c-]{1,2}[a-c]", "[xy]", "[a-c.-]{0,2}[0-9]"),
        ) {
            let read = |(kind, id, arch, branch): &(String, String, String, String)| {
                format!("{kind}/{id}/{arch}/{branch}").parse::<FlatpakRef>()
            };
            let parts = |of: &FlatpakRef| {
                (of.kind().as_str().to_owned(), of.id().to_owned(), of.arch().to_owned(), of.branch().to_owned())
            };
            if let (Ok(one), Ok(two)) = (read(&first), read(&second)) {
                prop_assert_eq!(&parts(&one), &first);
                prop_assert_eq!(one.cmp(&two), first.cmp(&second));
                prop_assert_eq!(one == two, first == second);
            }
        }
    }
}
