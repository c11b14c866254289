// SPDX-License-Identifier: GPL-3.0-or-later
//! What to ask tokens for.

use crate::refs::FlatpakRef;

/// One thing to ask a token for, with all that a provider may need to know: a ref from a request, or just an app where
/// there is no ref.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask {
    app_id: String,
    full_ref: Option<FlatpakRef>,
    /// The commit, or the digest of the manifest in a container registry.
    pub commit: Option<String>,
    /// The name of the repository in a container registry (`summary.xa.oci-repository`).
    pub repository: Option<String>,
}

impl Ask {
    /// Asks for a ref.
    pub fn of_ref(full_ref: FlatpakRef) -> Self {
        let app_id = full_ref.app_id().to_owned();
        Self { app_id, full_ref: Some(full_ref), commit: None, repository: None }
    }

    /// Asks for an app without a ref.
    pub fn of_app(app_id: &str) -> Self {
        Self { app_id: app_id.to_owned(), full_ref: None, commit: None, repository: None }
    }

    /// Id of the app that the ask belongs to.
    pub fn app_id(&self) -> &str {
        &self.app_id
    }

    /// The ref. `None` if this asks for an app without one.
    pub fn full_ref(&self) -> Option<&FlatpakRef> {
        self.full_ref.as_ref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ask_belongs_to_an_app() {
        let locale = "runtime/org.example.App.Locale/x86_64/stable".parse::<FlatpakRef>().unwrap();
        assert_eq!(Ask::of_ref(locale.clone()).app_id(), "org.example.App");
        assert_eq!(Ask::of_ref(locale.clone()).full_ref(), Some(&locale));
        assert_eq!(Ask::of_app("org.example.App").full_ref(), None);
    }
}
