// SPDX-License-Identifier: GPL-3.0-or-later
//! The remotes on this computer that use Usher, and finding the one that a person names.

use std::collections::BTreeSet;

use usher_core::{
    address::WrittenAddress,
    binding::{OptionsError, option},
    ground::{Ground, GroundError},
    i18n::gettext_f,
    remote::{self, Remote},
    service::RemoteUrl,
    text,
};

use crate::failure::Failure;

/// All remotes whose authenticator is Usher.
pub(crate) fn ours() -> Vec<Remote> {
    remote::remotes(&remote::installations()).into_iter().filter(Remote::is_ours).collect()
}

/// The remote with that name or address. The same remote in two installations counts as one.
pub(crate) fn named<'a>(remotes: &'a [Remote], wanted: &str) -> Result<&'a Remote, Failure> {
    let mut found = remotes.iter().filter(|remote| is_named(remote, wanted));
    let first = found.next().ok_or_else(|| unknown(wanted))?;
    if found.all(|other| other.url == first.url && other.options == first.options) {
        Ok(first)
    } else {
        Err(several(wanted))
    }
}

/// There is no such remote.
pub(crate) fn unknown(wanted: &str) -> Failure {
    Failure::Usage(gettext_f("There is no remote “{remote}” that uses Usher.", &[("remote", &shown(wanted))]))
}

/// Whether a remote has that name or address.
pub(crate) fn is_named(remote: &Remote, wanted: &str) -> bool {
    let address = RemoteUrl::parse(wanted);
    remote.name == wanted || remote.url == *wanted || address.is_ok() && remote.address() == address
}

/// A name that stands for several remotes.
pub(crate) fn several(wanted: &str) -> Failure {
    Failure::Usage(gettext_f(
        "Several remotes are called “{remote}”. Name its address (“flatpak remotes --columns=name,url”).",
        &[("remote", &shown(wanted))],
    ))
}

/// Those of a remote's apps for which flatpak asks no token, as far as it has looked.
pub(crate) fn free_apps(remote: &Remote, app_ids: &BTreeSet<String>) -> BTreeSet<String> {
    let installations = remote::installations();
    let needs = |installation| remote::needs_token(installation, &remote.name, remote.url.verbatim(), app_ids);
    remote::free_apps(installations.iter().flat_map(needs))
}

/// The word for a remote in a command: its name if that is plain, else its address.
pub(crate) fn word(name: &str, address: &WrittenAddress) -> String {
    if text::is_plain_name(name) { name.to_owned() } else { address.to_string() }
}

/// What a person typed for a remote, for showing: its name, or its address without what is nobody's business.
pub(crate) fn shown(wanted: &str) -> String {
    let is_address = wanted.contains("://");
    let shown = if is_address { WrittenAddress::from(wanted).to_string() } else { wanted.to_owned() };
    text::clean(&shown, text::NAME_LIMIT)
}

/// What a remote says of its accounts.
pub(crate) fn ground(remote: &Remote) -> Result<Ground, Failure> {
    Ground::of(remote).map_err(|error| match error {
        GroundError::Options(error) => options_failure(remote, &error),
        GroundError::Address(fault) => Failure::Other(fault.of_remote(&remote.name)),
    })
}

pub(crate) fn options_failure(remote: &Remote, error: &OptionsError) -> Failure {
    let sentence = error.of_remote(&remote.name);
    let command = text::command(&["flatpak", "remote-ls", &remote.name]).filter(|_| text::is_plain_name(&remote.name));
    Failure::Usage(match (error, command) {
        (OptionsError::Missing(option::REGISTRY), Some(command)) => {
            let next = gettext_f("Run “{command}”, then try again.", &[("command", &command)]);
            format!("{sentence} {next}")
        }
        _ => sentence,
    })
}

#[cfg(test)]
mod tests {
    use usher_core::testing::remote as example;

    use super::*;

    #[test]
    fn a_remote_whose_name_is_not_plain_is_named_by_its_address() {
        let word = |name: &str, url: &str| word(name, &url.into());
        assert_eq!(word("shop", "https://one.example/repo"), "shop");
        assert_eq!(word("--user", "https://one.example/repo"), "https://one.example/repo");
        assert_eq!(word("--user", "https://ada:hunter2@one.example/repo"), "https://one.example/repo");
        assert_eq!(shown("https://ada:hunter2@one.example/repo"), "https://one.example/repo");
        assert_eq!(shown("shop"), "shop");
    }

    #[test]
    fn two_different_remotes_of_one_name_are_told_apart_by_their_address() {
        let one = example("shop", "https://one.example/repo", "https://one.example/");
        let other = example("shop", "https://other.example/repo", "https://other.example/");
        let both = [one.clone(), other.clone()];
        assert!(matches!(named(&both, "shop"), Err(Failure::Usage(_))));
        assert_eq!(named(&both, "https://other.example/repo/").unwrap(), &other);
        assert_eq!(named(&[one.clone(), one.clone()], "shop").unwrap(), &one);
        assert!(matches!(named(&both, "none"), Err(Failure::Usage(_))));
    }
}
