// SPDX-License-Identifier: GPL-3.0-or-later
//! Fills a session with accounts, remotes and names of apps.

use std::fmt::Write as _;
use std::fs;
use std::process::Command;

use secret_service::{EncryptionType, SecretService};
use serde_json::Value;
use usher_tests::{AUTHENTICATOR, Session};

/// About as much as Flathub says about an app.
const SENTENCES: usize = 60;
const LANGUAGES: [&str; 8] = ["cs", "de", "es", "fr", "it", "nl", "pt_BR", "uk"];

/// Adds accounts at servers of their own until there are `wanted` in all. One that is there already is their model.
pub(super) async fn accounts(session: &Session, filled: &mut usize, wanted: usize) {
    let Some(model) = session.keyring().items().await.into_iter().next() else {
        panic!("an account is in the keyring")
    };
    let account: Value = serde_json::from_slice(&model.secret).expect("an account is JSON");
    // One connection for all of them: a thousand would take long to set up.
    let service = SecretService::connect_with_existing(EncryptionType::Plain, session.bus.connection.clone())
        .await
        .expect("the keyring answers");
    let collection = service.get_default_collection().await.expect("the keyring has a default collection");
    for number in *filled..wanted {
        let id = format!("{number:08x}-0000-4000-8000-000000000000");
        let service = format!("https://store{number}.example.org/");
        let mut account = account.clone();
        account["id"] = id.clone().into();
        account["binding"]["service"] = service.clone().into();
        account["links"] = Value::Array(Vec::new());
        let mut attributes = model.attributes.clone();
        attributes.insert("account".to_owned(), id);
        attributes.insert("service".to_owned(), service);
        let attributes = attributes.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let secret = account.to_string();
        let item =
            collection.create_item(&model.label, attributes, secret.as_bytes(), false, "application/octet-stream");
        item.await.expect("the keyring takes an item");
    }
    *filled = wanted.max(*filled);
}

/// Adds remotes until there are `wanted` in all. Every second one names Usher.
pub(super) async fn remotes(session: &Session, filled: &mut usize, wanted: usize) {
    for number in *filled..wanted {
        let (name, url) = (format!("more{number:03}"), format!("http://127.0.0.1:9/{number}/"));
        let mut arguments = vec!["remote-add".to_owned(), "--user".to_owned(), "--no-gpg-verify".to_owned()];
        if number.is_multiple_of(2) {
            arguments.push(format!("--authenticator-name={AUTHENTICATOR}"));
            arguments.push(format!("--authenticator-option=url=https://store{number}.example.org/"));
        }
        arguments.extend([name, url]);
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        session.flatpak().run(&arguments).await.expect_success();
    }
    *filled = wanted.max(*filled);
}

/// Writes AppStream data for that many apps, as flatpak keeps it. The shop's own come last.
pub(super) fn names(session: &Session, remote: &str, wanted: usize) {
    let installation = session.folder().join("flatpak/user");
    let folder = installation.join("appstream").join(remote).join(std::env::consts::ARCH).join("active");
    fs::create_dir_all(&folder).expect("a folder of the session can be made");
    let mut text =
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<components version=\"0.8\" origin=\"flatpak\">\n".to_owned();
    let shops = ["Metronome", "Postcard", "Sketchbook", "Stargazer"].map(str::to_owned);
    let others = (shops.len()..wanted).map(|number| format!("Other{number:04}"));
    for name in others.chain(shops) {
        component(&mut text, &name);
    }
    text.push_str("</components>\n");
    let file = folder.join("appstream.xml");
    fs::write(&file, text).expect("a file of the session can be written");
    let packed = Command::new("gzip").arg("--force").arg(&file).status().expect("gzip starts");
    assert!(packed.success(), "the data can be packed");
}

fn component(text: &mut String, name: &str) {
    let mut add = |line: std::fmt::Arguments| text.write_fmt(line).expect("a text takes more");
    add(format_args!("<component type=\"desktop-application\">\n<id>org.example.{name}</id>\n<name>{name}</name>\n"));
    for language in LANGUAGES {
        add(format_args!("<name xml:lang=\"{language}\">{name} ({language})</name>\n"));
        add(format_args!("<summary xml:lang=\"{language}\">What {name} is good for</summary>\n"));
    }
    add(format_args!("<description>"));
    for number in 0..SENTENCES {
        add(format_args!("<p>{name} has many features, and this is the {number}th that somebody wrote down.</p>\n"));
    }
    add(format_args!("</description>\n<launchable type=\"desktop-id\">org.example.{name}.desktop</launchable>\n"));
    add(format_args!("<bundle type=\"flatpak\">app/org.example.{name}/x86_64/stable</bundle>\n</component>\n"));
}
