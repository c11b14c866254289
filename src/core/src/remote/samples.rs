// SPDX-License-Identifier: GPL-3.0-or-later
//! What proves a sign-in: refs that a remote guards, wherever flatpak has cached them.

use std::{collections::BTreeSet, path::Path};

use super::{Installation, Remote, installations, remotes_of, summary};
use crate::{ask::Ask, binding::Binding, files, service::ServiceUrl};

/// Samples of the remotes on this computer whose accounts are at this service, or which are the service; of these apps
/// first. None where the disk does not answer in time. To be called in a tokio runtime.
pub async fn samples_at(binding: &Binding, first: &[String]) -> Vec<Ask> {
    let (binding, first) = (binding.clone(), first.to_vec());
    read(move |installations| {
        select(installations, &first, |remote| {
            let is_service =
                || ServiceUrl::parse(remote.url.verbatim()).is_ok_and(|address| address == binding.service);
            !remote.is_disabled && (remote.claimed().as_ref() == Ok(&binding) || is_service())
        })
    })
    .await
}

/// Samples of one remote. None where the disk does not answer in time. To be called in a tokio runtime.
pub async fn samples_of(remote: &Remote) -> Vec<Ask> {
    let remote = remote.clone();
    read(move |installations| samples_in(installations, &remote, &[])).await
}

async fn read(samples: impl FnOnce(&[Installation]) -> Vec<Ask> + Send + 'static) -> Vec<Ask> {
    files::apart(Path::new(files::INSTALLATIONS), move || samples(&installations())).await.unwrap_or_default()
}

fn samples_in(installations: &[Installation], remote: &Remote, first: &[String]) -> Vec<Ask> {
    select(installations, first, |known| known.name == remote.name && known.url == remote.url)
}

/// Samples of the remotes that are wanted. Reads each installation once.
fn select(installations: &[Installation], first: &[String], is_wanted: impl Fn(&Remote) -> bool) -> Vec<Ask> {
    let first: BTreeSet<String> = first.iter().cloned().collect();
    let mut found = Vec::new();
    for installation in installations {
        for remote in remotes_of(installation).iter().filter(|remote| is_wanted(remote)) {
            found.extend(summary::samples(installation, remote, &first));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    /// An installation with the remote `demo`, and a summary of it.
    fn installation(folder: &Path, config: &str) -> Installation {
        std::fs::create_dir_all(folder.join("repo")).unwrap();
        let config = format!("[remote \"demo\"]\nurl=https://r.example/\n{config}");
        std::fs::write(folder.join("repo/config"), config).unwrap();
        let refs = [
            ("app/org.e.Free/x86_64/stable", Some(0), None),
            ("app/org.e.Members/x86_64/stable", Some(1), None),
            ("app/org.e.Sold/x86_64/stable", Some(2), None),
            ("app/org.e.Unsaid/x86_64/stable", None, None),
            ("runtime/org.e.P/x86_64/1", Some(1), None),
        ];
        testing::summary::write(folder, "demo", "x86_64", &refs);
        Installation { path: folder.into(), is_user: true, name: None }
    }

    #[test]
    fn a_sample_is_an_app_that_needs_a_token_with_its_commit() {
        let demo = testing::remote("demo", "https://r.example/", "https://s.example/");
        let (members, sold, unsaid) = ("org.e.Members", "org.e.Sold", "org.e.Unsaid");
        for (config, first, expected) in [
            ("", &[][..], &[members, sold][..]),
            ("", &[sold], &[sold, members]),
            ("", &["org.e.Free", "org.other.App"], &[members, sold]),
            ("xa.default-token-type=1\n", &[unsaid], &[unsaid, members, sold]),
        ] {
            let folder = tempfile::tempdir().unwrap();
            let here = [installation(folder.path(), config)];
            let first: Vec<String> = first.iter().map(ToString::to_string).collect();
            let found = samples_in(&here, &demo, &first);
            assert_eq!(found.iter().map(Ask::app_id).collect::<Vec<_>>(), expected, "{config} {first:?}");
            for ask in &found {
                let commit = ask.commit.as_deref().unwrap();
                assert!(commit.len() == 64 && commit.bytes().all(|byte| byte.is_ascii_hexdigit()), "{commit}");
                assert!(ask.full_ref().is_some());
            }
            for other in [
                testing::remote("other", "https://r.example/", "https://s.example/"),
                testing::remote("demo", "https://evil.example/", "https://s.example/"),
            ] {
                assert!(samples_in(&here, &other, &first).is_empty(), "{other:?}");
            }
        }
    }

    #[test]
    fn a_remote_that_flatpak_has_not_looked_at_has_no_samples() {
        let folder = tempfile::tempdir().unwrap();
        let here = [installation(folder.path(), "")];
        std::fs::remove_dir_all(folder.path().join("repo/tmp")).unwrap();
        let demo = testing::remote("demo", "https://r.example/", "https://s.example/");
        assert!(samples_in(&here, &demo, &[]).is_empty());
    }
}
