// SPDX-License-Identifier: GPL-3.0-or-later
//! The command that adds a repository, for a person to run: Usher never runs it. It is built from a list of arguments.
//! If a name is not plain there is no command (rule R17).

use base64::{Engine as _, engine::general_purpose::STANDARD};

use crate::{
    remote::Remote,
    service::{self, RemoteUrl},
    text,
};

/// Largest key of a repository, in bytes.
pub(crate) const KEY_LIMIT: usize = 64 << 10;

/// The repository to add, and how to add it.
pub(crate) struct RemoteAdd<'a> {
    /// Whether for the current user alone.
    pub(crate) is_user: bool,
    /// Further options.
    pub(crate) options: Vec<String>,
    /// Its title, left out if it cannot be typed.
    pub(crate) title: Option<&'a str>,
    /// Whether flatpak checks what comes from it against its key.
    pub(crate) is_verified: bool,
    /// Its key, in base64.
    pub(crate) key: Option<&'a str>,
    /// Flatpak's name for it.
    pub(crate) name: &'a str,
    /// Its address.
    pub(crate) address: &'a RemoteUrl,
    /// The tag of a registry's index.
    pub(crate) tag: Option<&'a str>,
}

impl RemoteAdd<'_> {
    pub(crate) fn command(&self) -> Option<String> {
        let mut arguments = vec!["flatpak", "remote-add", where_to(self.is_user)];
        arguments.extend(self.options.iter().map(String::as_str));
        let plain_title = |title: &&str| title.chars().all(|c| c.is_ascii_graphic() || c == ' ');
        let title = self.title.filter(plain_title).map(|title| format!("--title={title}"));
        arguments.extend(title.as_deref());
        if !self.is_verified && !service::is_registry(self.address.as_str()) {
            arguments.push("--no-gpg-verify");
        }
        let add = text::command(&arguments)?;
        let tag = self.tag.map(|tag| format!("#{tag}")).unwrap_or_default();
        let address = format!("{}{tag}", self.address.as_str());
        let what = text::command(&[self.name, &address]).filter(|_| text::is_plain_name(self.name))?;
        match self.key.filter(|_| self.is_verified) {
            None => Some(format!("{add} {what}")),
            // flatpak reads a key twice, so a pipe will not do.
            Some(key) => {
                let key = text::command(&["printf", "%s", key])?;
                Some(format!(
                    r#"key=$(mktemp) && {key} | base64 --decode >"$key" && {add} --gpg-import="$key" {what} && rm "$key""#
                ))
            }
        }
    }
}

/// The option that selects an installation.
pub(crate) fn where_to(is_user: bool) -> &'static str {
    if is_user { "--user" } else { "--system" }
}

/// This name, or one derived from it, that no remote has yet.
pub(crate) fn free_name(wanted: &str, remotes: &[Remote]) -> Option<String> {
    let is_free = |name: &String| remotes.iter().all(|remote| &remote.name != name);
    let further = (2..100).map(|number| format!("{wanted}-{number}"));
    std::iter::once(wanted.to_owned()).chain(further).find(is_free)
}

/// Whether a text may go into a command as a key: base64, and not too long.
pub(crate) fn is_key(text: &str) -> bool {
    text.len() <= KEY_LIMIT * 4 / 3 + 4 && STANDARD.decode(text).is_ok_and(|key| !key.is_empty())
}
