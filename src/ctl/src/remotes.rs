// SPDX-License-Identifier: GPL-3.0-or-later
//! The remotes on this computer that use Usher, and finding the one that a person names.

use usher_core::{
    binding::OptionsError,
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
    let address = RemoteUrl::parse(wanted);
    let is_at = |remote: &Remote| address.is_ok() && remote.address() == address || remote.url == wanted;
    let mut found = remotes.iter().filter(|remote| remote.name == wanted || is_at(remote));
    let values = [("remote", text::clean(wanted, text::NAME_LIMIT))];
    let values: Vec<_> = values.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let first = found
        .next()
        .ok_or_else(|| Failure::Usage(gettext_f("There is no remote “{remote}” that uses Usher.", &values)))?;
    if found.all(|other| other.url == first.url && other.options == first.options) {
        Ok(first)
    } else {
        Err(Failure::Usage(gettext_f(
            "Several remotes are called “{remote}”. Name its address (“flatpak remotes --columns=name,url”).",
            &values,
        )))
    }
}

/// The word for a remote in a command: its name if that is plain, else its address.
pub(crate) fn word<'a>(name: &'a str, address: &'a str) -> &'a str {
    if text::is_plain_name(name) { name } else { address }
}

/// What a remote says of its accounts.
pub(crate) fn ground(remote: &Remote) -> Result<Ground, Failure> {
    Ground::of(remote).map_err(|error| match error {
        GroundError::Options(error) => options_failure(remote, &error),
        GroundError::Address(_) => Failure::Other(gettext_f(
            "No account is used for “{remote}”, because its address is not secure (https).",
            &[("remote", &text::clean(&remote.name, text::NAME_LIMIT))],
        )),
    })
}

pub(crate) fn options_failure(remote: &Remote, error: &OptionsError) -> Failure {
    Failure::Usage(gettext_f(
        "Remote “{remote}” does not say where its accounts are (authenticator option “{option}”).",
        &[("remote", &text::clean(&remote.name, text::NAME_LIMIT)), ("option", error.option())],
    ))
}

#[cfg(test)]
mod tests {
    use usher_core::testing::remote as example;

    use super::*;

    #[test]
    fn a_remote_whose_name_is_not_plain_is_named_by_its_address() {
        assert_eq!(word("shop", "https://one.example/repo"), "shop");
        assert_eq!(word("--user", "https://one.example/repo"), "https://one.example/repo");
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
