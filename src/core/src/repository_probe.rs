// SPDX-License-Identifier: GPL-3.0-or-later
//! Whether there is a repository at an address that a person typed, and what to say of one that is not set up here.

use crate::{http::HttpClient, i18n::gettext_f, keyfile::KeyFile, service::ServiceUrl};

/// The file that every repository serves (`ostree-repo(5)`).
const CONFIG: &str = "config";

/// Asks whether there is a repository. An answer that makes no sense is none.
pub async fn is_repository(http: &HttpClient, address: &ServiceUrl) -> bool {
    let Ok(config) = address.join(CONFIG) else {
        return false;
    };
    match http.get(&config).send().await {
        Ok(answer) => answer.status == 200 && std::str::from_utf8(&answer.body).is_ok_and(is_config),
        Err(_) => false,
    }
}

fn is_config(text: &str) -> bool {
    let file = KeyFile::parse(text);
    file.groups().any(|(name, keys)| name == "core" && keys.contains_key("repo_version"))
}

/// What to say where somebody wants to sign in to such a repository, and the way on.
pub fn not_set_up(host: &str) -> String {
    gettext_f(
        "{host} has a repository that is not set up on this computer. Open its .flatpakrepo file with Usher to set it up.",
        &[("host", host)],
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repository_is_known_by_its_configuration() {
        for (text, is_repository) in [
            ("[core]\nrepo_version=1\nmode=archive-z2\n", true),
            ("[core]\r\nrepo_version=1\r\n", true),
            ("[core]\nmode=archive-z2\n", false),
            ("[other]\nrepo_version=1\n", false),
            ("<!doctype html><title>[core] repo_version=1</title>", false),
            ("", false),
        ] {
            assert_eq!(is_config(text), is_repository, "{text}");
        }
    }
}
