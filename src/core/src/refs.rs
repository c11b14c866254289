// SPDX-License-Identifier: GPL-3.0-or-later
//! Flatpak refs, and the app id that a token is asked for.

use std::{fmt, str::FromStr};

/// Longest part of a ref, in bytes (rule R9).
const PART_LIMIT: usize = 255;

/// What kind of thing a ref names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RefKind {
    /// An application.
    App,
    /// A runtime or an extension.
    Runtime,
}

impl RefKind {
    /// The first part of the ref, and the folder of an installation.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::App => "app",
            Self::Runtime => "runtime",
        }
    }
}

/// A ref is not `app|runtime/ID/ARCH/BRANCH`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a flatpak ref")]
pub struct RefError;

/// A full ref: `app/org.example.App/x86_64/stable`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FlatpakRef {
    /// App or runtime.
    pub kind: RefKind,
    /// Application or runtime id.
    pub id: String,
    /// Architecture.
    pub arch: String,
    /// Branch.
    pub branch: String,
}

impl FlatpakRef {
    /// The id that a token is asked for: that of the app whose part a sub-ref is
    /// (`.Locale`, `.Debug` and `.Sources`, as flatpak's sample authenticator folds them).
    pub fn app_id(&self) -> &str {
        let mut id = self.id.as_str();
        while let Some(parent) = [".Locale", ".Debug", ".Sources"]
            .iter()
            .find_map(|suffix| id.strip_suffix(suffix))
            .filter(|parent| parent.contains('.'))
        {
            id = parent;
        }
        id
    }
}

impl FromStr for FlatpakRef {
    type Err = RefError;

    fn from_str(text: &str) -> Result<Self, RefError> {
        let mut parts = text.split('/');
        let kind = match parts.next() {
            Some("app") => RefKind::App,
            Some("runtime") => RefKind::Runtime,
            _ => return Err(RefError),
        };
        let mut next = |allowed: fn(u8) -> bool| {
            parts
                .next()
                .filter(|part| !part.is_empty() && part.len() <= PART_LIMIT && part.bytes().all(allowed))
                .filter(|part| !part.starts_with('.'))
                .map(ToOwned::to_owned)
                .ok_or(RefError)
        };
        let id = next(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))?;
        let arch = next(|byte| byte.is_ascii_alphanumeric() || byte == b'_')?;
        let branch = next(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))?;
        if !id.contains('.') || id.ends_with('.') || id.contains("..") || parts.next().is_some() {
            return Err(RefError);
        }
        Ok(Self { kind, id, arch, branch })
    }
}

impl fmt::Display for FlatpakRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}/{}", self.kind.as_str(), self.id, self.arch, self.branch)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn d06_only_full_refs_are_refs() {
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
    fn a_part_of_an_app_is_asked_for_under_the_apps_id() {
        let id = |text: &str| text.parse::<FlatpakRef>().unwrap().app_id().to_owned();
        assert_eq!(id("runtime/org.example.App.Locale/x86_64/stable"), "org.example.App");
        assert_eq!(id("runtime/org.example.App.Sources/x86_64/stable"), "org.example.App");
        assert_eq!(id("runtime/org.example.App.Docs/x86_64/stable"), "org.example.App.Docs");
        assert_eq!(id("app/org.Locale/x86_64/stable"), "org.Locale");
    }

    proptest! {
        #[test]
        fn folding_twice_changes_nothing(id in "[a-z]{1,4}(\\.(Locale|Debug|Sources|App)){1,4}") {
            let folded = format!("app/{id}/x86_64/m").parse::<FlatpakRef>().unwrap().app_id().to_owned();
            let again = format!("app/{folded}/x86_64/m").parse::<FlatpakRef>().unwrap();
            prop_assert_eq!(again.app_id(), folded);
        }

        #[test]
        fn a_ref_is_written_as_it_was_read(text in any::<String>()) {
            if let Ok(parsed) = text.parse::<FlatpakRef>() {
                prop_assert_eq!(parsed.to_string(), text);
            }
        }
    }
}
