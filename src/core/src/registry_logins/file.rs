// SPDX-License-Identifier: GPL-3.0-or-later
//! A file with logins: who may have written it, and what it says.

use std::{
    fs,
    io::{self, Read},
    os::unix::fs::MetadataExt,
};

use base64::{
    Engine,
    alphabet::STANDARD,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use rustix::io::Errno;
use serde_json::{Map, Value};
use zeroize::{Zeroize, Zeroizing};

use super::{
    fault::{Fault, FileFault},
    key::{Key, Wanted},
    places::Place,
};
use crate::{credential::Secret, files, provider::wire::json};

/// Largest file, in bytes.
const SIZE_LIMIT: u64 = 256 * 1024;
/// The bits of a mode that let others write.
pub(super) const OTHERS_WRITE: u32 = 0o022;

/// As Docker reads it: with or without padding at the end.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// JSON with secrets in it, which are wiped at the end.
pub(super) struct Wiped(pub(super) Value);

impl Drop for Wiped {
    fn drop(&mut self) {
        wipe(&mut self.0);
    }
}

fn wipe(value: &mut Value) {
    match value {
        Value::String(text) => text.zeroize(),
        Value::Array(values) => values.iter_mut().for_each(wipe),
        Value::Object(object) => object.values_mut().for_each(wipe),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// What a file says.
pub(super) struct Contents(Wiped);

/// Where a file says that a login is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Entry<'a> {
    /// In the file itself: user and password in base64.
    Text(&'a str),
    /// In the file itself: a token that stands for a person.
    IdentityToken,
    /// A program with this name has it.
    Helper(&'a str),
}

/// Reads a file. `None` if there is none. Blocks.
pub(super) fn read(place: &Place) -> Result<Option<Contents>, Fault> {
    let fault = |fault| Err(Fault::File(place.path.clone(), fault));
    // What cannot even be seen is not this person's.
    let Ok(seen) = place.path.symlink_metadata() else { return Ok(None) };
    let file = match files::open_unlinked(&place.path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) if Errno::from_io_error(&error) == Some(Errno::LOOP) => return fault(FileFault::Link),
        Err(_) if !seen.is_file() => return fault(FileFault::NotRegular),
        Err(_) => return fault(FileFault::Unreadable),
    };
    let Ok(metadata) = file.metadata() else { return fault(FileFault::Unreadable) };
    if metadata.uid() != place.owner {
        return fault(FileFault::NotOwn);
    }
    if metadata.mode() & OTHERS_WRITE != 0 {
        return fault(FileFault::Writable);
    }
    if !is_own_folder(place) {
        return fault(FileFault::FolderWritable);
    }
    let mut bytes = Zeroizing::new(Vec::with_capacity(usize::try_from(SIZE_LIMIT).unwrap_or_default() + 1));
    if file.take(SIZE_LIMIT + 1).read_to_end(&mut bytes).is_err() {
        return fault(FileFault::Unreadable);
    }
    if bytes.len() as u64 > SIZE_LIMIT {
        return fault(FileFault::TooLarge);
    }
    Contents::parse(&bytes).map_or_else(|| fault(FileFault::Damaged), |contents| Ok(Some(contents)))
}

/// Whether nobody but the owner and the administrator can put another file in its place.
fn is_own_folder(place: &Place) -> bool {
    let folder = place.path.parent().and_then(|folder| fs::metadata(folder).ok());
    folder.is_some_and(|folder| {
        let is_own = folder.uid() == place.owner || folder.uid() == 0;
        is_own && folder.mode() & OTHERS_WRITE == 0
    })
}

impl Contents {
    /// `None` if this is not such a file.
    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        let contents = Self(Wiped(json::parse(bytes).ok()?));
        let whole = contents.0.0.as_object()?;
        let is_sound = |name: &str, check: fn(&Value) -> bool| whole.get(name).is_none_or(check);
        let is_sound = is_sound("auths", Value::is_object)
            && is_sound("credHelpers", Value::is_object)
            && is_sound("credsStore", Value::is_string);
        is_sound.then_some(contents)
    }

    fn object(&self, name: &str) -> impl Iterator<Item = (&String, &Value)> {
        self.0.0.get(name).and_then(Value::as_object).into_iter().flatten()
    }

    fn store(&self) -> Option<&str> {
        self.0.0.get("credsStore").and_then(Value::as_str).filter(|name| !name.is_empty())
    }

    /// All logins in it, by their keys; of one key that of a program of its own first.
    pub(super) fn entries(&self) -> impl Iterator<Item = (&str, Entry<'_>)> {
        let of_helpers = self
            .object("credHelpers")
            .filter_map(|(key, name)| Some((key, name.as_str().filter(|name| !name.is_empty())?)))
            .map(|(key, name)| (key.as_str(), Entry::Helper(name)));
        let of_auths = self.object("auths").filter_map(|(key, value)| {
            let entry = self.entry(value.as_object()?)?;
            Some((key.as_str(), entry))
        });
        of_helpers.chain(of_auths)
    }

    fn entry<'a>(&'a self, fields: &'a Map<String, Value>) -> Option<Entry<'a>> {
        let text = |name| fields.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
        if text("identitytoken").is_some() {
            return Some(Entry::IdentityToken);
        }
        // An entry without anything in it says that the program for all registries has the login.
        text("auth").map(Entry::Text).or_else(|| self.store().map(Entry::Helper))
    }

    /// The login that fits best: the one with the longest path, and of several with the same the first.
    pub(super) fn best(&self, wanted: &Wanted) -> Option<(&str, Entry<'_>)> {
        let mut best: Option<(usize, &str, Entry<'_>)> = None;
        for (key, entry) in self.entries() {
            let Some(fit) = Key(key).fit(wanted) else { continue };
            if best.as_ref().is_none_or(|(length, ..)| fit > *length) {
                best = Some((fit, key, entry));
            }
        }
        best.map(|(_, key, entry)| (key, entry))
    }
}

/// The user's name and the password in an entry. `None` if it holds no such thing.
pub(super) fn decode(auth: &str) -> Option<(String, Secret)> {
    let bytes = Zeroizing::new(BASE64.decode(auth.trim_ascii()).ok()?);
    let text = std::str::from_utf8(&bytes).ok()?;
    let (user, password) = text.split_once(':')?;
    let password = Secret::try_from(password.trim_matches('\0').to_owned()).ok()?;
    (!user.is_empty()).then(|| (user.to_owned(), password))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::service::ServiceUrl;

    fn best(contents: &str, repositories: &[&str]) -> Option<(String, String)> {
        let registry = ServiceUrl::parse("https://registry.example.org").unwrap();
        let contents = Contents::parse(contents.as_bytes()).unwrap();
        let (key, entry) = contents.best(&Wanted::new(registry, repositories))?;
        Some((key.to_owned(), format!("{entry:?}")))
    }

    #[test]
    fn the_login_that_fits_best_is_found() {
        for (contents, repositories, found) in [
            (r#"{"auths":{"registry.example.org":{"auth":"a"}}}"#, &[][..], Some(r#"Text("a")"#)),
            (r#"{"auths":{"other.example.org":{"auth":"a"}}}"#, &[], None),
            (r#"{"auths":{"registry.example.org":{"auth":"a","identitytoken":"b"}}}"#, &[], Some("IdentityToken")),
            (r#"{"auths":{"registry.example.org":{"identitytoken":"b"}}}"#, &[], Some("IdentityToken")),
            (r#"{"auths":{"registry.example.org":{}}}"#, &[], None),
            (r#"{"auths":{"registry.example.org":{"auth":""}}}"#, &[], None),
            (r#"{"auths":{"registry.example.org":{"auth":7}}}"#, &[], None),
            (r#"{"auths":{"registry.example.org":"a"}}"#, &[], None),
            (r#"{"auths":{"registry.example.org":{}},"credsStore":"pass"}"#, &[], Some(r#"Helper("pass")"#)),
            (r#"{"auths":{"registry.example.org":{"auth":"a"}},"credsStore":"pass"}"#, &[], Some(r#"Text("a")"#)),
            (r#"{"credsStore":"pass"}"#, &[], None),
            (r#"{"credHelpers":{"registry.example.org":"pass"}}"#, &[], Some(r#"Helper("pass")"#)),
            (r#"{"credHelpers":{"registry.example.org":""}}"#, &[], None),
            (
                r#"{"credHelpers":{"registry.example.org":"pass"},"auths":{"registry.example.org":{"auth":"a"}}}"#,
                &[],
                Some(r#"Helper("pass")"#),
            ),
            (
                r#"{"auths":{"registry.example.org":{"auth":"a"},"registry.example.org/acme":{"auth":"b"}}}"#,
                &["acme/pad"],
                Some(r#"Text("b")"#),
            ),
            (
                r#"{"credHelpers":{"registry.example.org":"pass"},"auths":{"registry.example.org/acme":{"auth":"b"}}}"#,
                &["acme/pad"],
                Some(r#"Text("b")"#),
            ),
            (
                r#"{"auths":{"registry.example.org":{"auth":"a"},"registry.example.org/acme":{"auth":"b"}}}"#,
                &["other/pad"],
                Some(r#"Text("a")"#),
            ),
            ("{}", &[], None),
        ] {
            assert_eq!(best(contents, repositories).map(|(_, entry)| entry).as_deref(), found, "{contents}");
        }
    }

    #[test]
    fn other_json_is_no_such_file() {
        let deep = format!(r#"{{"auths":{}}}"#, "[".repeat(100_000));
        for bad in [
            "",
            "[]",
            "null",
            "{",
            "{} {}",
            "\u{feff}{}",
            r#"{"auths":[]}"#,
            r#"{"auths":null}"#,
            r#"{"credHelpers":"pass"}"#,
            r#"{"credsStore":{}}"#,
            r#"{"auths":{},"auths":{}}"#,
            r#"{"auths":{"registry.example.org":{"auth":"a"},"registry.example.org":{"auth":"b"}}}"#,
            &deep,
        ] {
            assert!(Contents::parse(bad.as_bytes()).is_none(), "{}", &bad[..bad.len().min(80)]);
        }
    }

    #[test]
    fn a_login_is_read_as_docker_reads_it() {
        let plain = |text: &str| BASE64.encode(text);
        for (auth, found) in [
            (plain("ada:secret"), Some(("ada", "secret"))),
            (plain("1234567|name:eyJ.a.b"), Some(("1234567|name", "eyJ.a.b"))),
            (plain("robot$name:a:b:c"), Some(("robot$name", "a:b:c"))),
            (plain("ada:pässword"), Some(("ada", "pässword"))),
            (plain("ada:secret\0\0"), Some(("ada", "secret"))),
            (plain("ada:secret").trim_end_matches('=').to_owned(), Some(("ada", "secret"))),
            (format!(" {}\n", plain("ada:secret")), Some(("ada", "secret"))),
            (plain("ada: "), Some(("ada", " "))),
            (plain("ada:"), None),
            (plain("ada:\0"), None),
            (plain(":secret"), None),
            (plain("ada"), None),
            (String::new(), None),
            ("ada:secret".into(), None),
            (BASE64.encode([0xff, b':', 0xff]), None),
        ] {
            let decoded = decode(&auth);
            let decoded = decoded.as_ref().map(|(user, password)| (user.as_str(), password.expose()));
            assert_eq!(decoded, found, "{auth}");
        }
    }

    proptest! {
        #[test]
        fn what_was_encoded_is_decoded(user in "[^:\0]{1,40}", password in "[^\0]{1,80}") {
            let (found, secret) = decode(&BASE64.encode(format!("{user}:{password}"))).unwrap();
            prop_assert_eq!((found.as_str(), secret.expose()), (user.as_str(), password.as_str()));
        }

        #[test]
        fn no_bytes_make_the_reader_panic(bytes in any::<Vec<u8>>(), text in any::<String>()) {
            let _ = decode(&text);
            if let Some(contents) = Contents::parse(&bytes) {
                let _ = contents.entries().count();
            }
        }
    }
}
