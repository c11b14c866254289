// SPDX-License-Identifier: GPL-3.0-or-later
use std::{fs, path::Path, sync::Arc};

use proptest::prelude::*;

use super::*;
use crate::{
    buying::purchases,
    ground::Ground,
    installed::tests::deploy,
    names,
    provider::{Access, SignedIn},
    remote::{self, Installation, Remote},
    testing,
};

const SECRET: &str = "CANARY-secret";

fn installation(folder: &Path, remotes: &str) -> Installation {
    fs::create_dir_all(folder.join("repo")).unwrap();
    fs::write(folder.join("repo/config"), remotes).unwrap();
    Installation { path: folder.into(), is_user: true, name: None }
}

fn config(verify: bool) -> String {
    let authenticator = names::AUTHENTICATOR_NAME;
    format!(
        "[remote \"demo\"]\nurl=https://store.example.org/repo/\nxa.title=Demo Store\ngpg-verify={verify}\n\
         xa.authenticator-name={authenticator}\nxa.authenticator-options.url=https://store.example.org/\n\
         xa.authenticator-options.other={SECRET}\n\
         [remote \"foreign\"]\nurl=https://foreign.example.org/repo/\nxa.authenticator-name=org.example.Other\n"
    )
}

fn entries() -> Vec<Entry> {
    let binding = testing::binding("https://store.example.org/");
    let ground = Ground::new("demo", "https://store.example.org/repo", binding.clone()).unwrap();
    let signed_in =
        SignedIn { valid_until: Some(9), credential: testing::bearer(SECRET), ..testing::signed_in("demo") };
    let mut account = Account::signed_in(binding, &signed_in, 1);
    account.link(ground.link());
    for app in ["org.a.Bought", "org.a.Unfinished"] {
        purchases::begin(&mut account.purchases, &ground, app, 1);
    }
    let access = Access { granted: ["org.a.Bought".to_owned()].into(), ..Access::default() };
    purchases::settle(&mut account.purchases, &access, 2);
    vec![Entry::Open(account.into()), Entry::Broken("/some/item".into())]
}

fn gathered(verify: bool) -> (tempfile::TempDir, Takeout, Vec<Remote>) {
    let folder = tempfile::tempdir().unwrap();
    let here = installation(folder.path(), &config(verify));
    fs::write(folder.path().join("repo/demo.trustedkeys.gpg"), b"public key").unwrap();
    deploy(folder.path(), "app/org.a.Installed/x86_64/stable", "demo");
    deploy(folder.path(), "app/org.a.Elsewhere/x86_64/stable", "foreign");
    let takeout = Takeout::gather(&entries(), std::slice::from_ref(&here));
    let remotes = remote::remotes(&[here]);
    (folder, takeout, remotes)
}

#[test]
fn a_gathered_file_reads_back_unchanged() {
    let (_folder, takeout, _) = gathered(true);
    assert_eq!(takeout.accounts.len(), 1);
    assert_eq!(takeout.accounts[0].bought, ["org.a.Bought"]);
    let [repository] = takeout.repositories.as_slice() else { panic!("one repository is ours") };
    assert_eq!((repository.name.as_str(), repository.display_name()), ("demo", "Demo Store"));
    assert_eq!(repository.apps, ["org.a.Bought", "org.a.Installed"]);
    assert_eq!((repository.account, repository.verified), (Some(0), true));
    assert_eq!(repository.key.as_deref(), Some("cHVibGljIGtleQ=="));
    assert_eq!(Takeout::parse(&takeout.encode().unwrap()), Ok(takeout));
}

#[test]
fn no_secret_is_taken_along() {
    let (_folder, takeout, _) = gathered(true);
    let text = String::from_utf8(takeout.encode().unwrap()).unwrap();
    assert!(text.contains("https://store.example.org/") && text.contains("\"demo\""), "{text}");
    assert!(!text.contains(SECRET), "{text}");
}

#[test]
fn a_repository_is_set_up_by_one_command_with_its_key() {
    let (_folder, takeout, remotes) = gathered(true);
    let repository = &takeout.repositories[0];
    assert_eq!(repository.set_up(&remotes), SetUp::Done);
    let SetUp::Command(Some(command)) = repository.set_up(&[]) else { panic!("there is a command") };
    let authenticator = names::AUTHENTICATOR_NAME;
    assert_eq!(
        command,
        format!(
            "key=$(mktemp) && printf %s cHVibGljIGtleQ== | base64 --decode >\"$key\" && flatpak remote-add --user \
             --authenticator-name={authenticator} --no-authenticator-install \
             --authenticator-option=url=https://store.example.org/ '--title=Demo Store' --gpg-import=\"$key\" demo \
             https://store.example.org/repo && rm \"$key\""
        )
    );
    let (_folder, unverified, _) = gathered(false);
    let SetUp::Command(Some(command)) = unverified.repositories[0].set_up(&[]) else { panic!("there is a command") };
    assert!(unverified.repositories[0].warning().is_some());
    assert!(command.starts_with("flatpak ") && command.contains(" --no-gpg-verify demo "), "{command}");
}

#[test]
fn a_repository_is_checked_against_its_key_by_default() {
    for (said, is_verified) in
        [("gpg-verify=true\n", true), ("gpg-verify=1\n", true), ("", true), ("gpg-verify=0\n", false)]
    {
        let folder = tempfile::tempdir().unwrap();
        let here = installation(folder.path(), &config(true).replace("gpg-verify=true\n", said));
        let takeout = Takeout::gather(&entries(), &[here]);
        assert_eq!(takeout.repositories[0].verified, is_verified, "{said}");
    }
}

#[test]
fn an_existing_remote_is_corrected_and_a_taken_name_is_left_alone() {
    let (_folder, takeout, remotes) = gathered(true);
    let repository = &takeout.repositories[0];
    let other = Remote { authenticator: Some("org.example.Other".into()), ..remotes[0].clone() };
    let SetUp::Command(Some(command)) = repository.set_up(&[other]) else { panic!("there is a command") };
    assert!(command.starts_with("flatpak remote-modify --user --authenticator-name="), "{command}");
    assert!(command.ends_with(" demo"), "{command}");

    let foreign = Remote { url: "https://other.example.org/".into(), ..remotes[0].clone() };
    let SetUp::Command(Some(command)) = repository.set_up(std::slice::from_ref(&foreign)) else {
        panic!("there is a command")
    };
    assert!(command.contains(" demo-2 https://store.example.org/repo"), "{command}");
    let (count, install) = install_command(&takeout.repositories, &[foreign], |_| false).unwrap();
    assert_eq!((count, install.as_str()), (2, "flatpak install --user demo-2 org.a.Bought org.a.Installed"));
}

#[test]
fn the_server_that_signing_in_is_left_to_is_taken_along_and_set_up() {
    let (_folder, mut takeout, _) = gathered(false);
    let binding = testing::single_sign_on("https://store.example.org/", "https://login.example.net/realm");
    takeout.accounts[0].binding = binding.clone();
    takeout.repositories[0].binding = binding;
    let file = takeout.encode().unwrap();
    assert_eq!(Takeout::parse(&file), Ok(takeout.clone()));
    let SetUp::Command(Some(command)) = takeout.repositories[0].set_up(&[]) else { panic!("there is a command") };
    for option in ["type=oauth2", "client-id=usher", "issuer=https://login.example.net/realm"] {
        assert!(command.contains(&format!("--authenticator-option={option} ")), "{command}");
    }
    // What no remote could say is not read: it could hide one of the servers.
    let file = String::from_utf8(file).unwrap();
    for (right, wrong) in [
        ("https://login.example.net/realm", "nonsense"),
        ("https://login.example.net/realm", "http://login.example.net/realm"),
        ("\"issuer\"", "\"other\""),
        ("\"client-id\"", "\"client\""),
    ] {
        assert!(file.contains(right), "{file}");
        let changed = file.replace(right, wrong);
        assert_eq!(Takeout::parse(changed.as_bytes()), Err(TakeoutError::Malformed), "{wrong}");
    }
}

#[test]
fn the_tag_of_a_registrys_index_is_taken_along() {
    let (_folder, takeout, _) = gathered(true);
    let address = RemoteUrl::parse("oci+https://index.example.org/apps").unwrap();
    for (tag, end) in [
        (None, "demo oci+https://index.example.org/apps"),
        (Some("beta"), "demo 'oci+https://index.example.org/apps#beta'"),
        (Some("a;reboot"), "demo oci+https://index.example.org/apps"),
    ] {
        let tag = tag.map(ToOwned::to_owned);
        let registry = TakenRepository { address: address.clone(), tag, key: None, ..takeout.repositories[0].clone() };
        let SetUp::Command(Some(command)) = registry.set_up(&[]) else { panic!("a command") };
        assert!(command.ends_with(end), "{command}");
    }
}

#[test]
fn only_missing_apps_are_installed_again() {
    let (_folder, takeout, remotes) = gathered(true);
    let command = |installed: &[&str]| {
        install_command(&takeout.repositories, &remotes, |app| installed.contains(&app)).map(|(_, command)| command)
    };
    assert_eq!(command(&["org.a.Installed"]).as_deref(), Some("flatpak install --user demo org.a.Bought"));
    assert_eq!(command(&["org.a.Installed", "org.a.Bought"]), None);
}

#[test]
fn g11_a_name_that_is_not_plain_gets_no_command() {
    let (_folder, takeout, _) = gathered(true);
    for name in ["--user", "a b", "$(reboot)", "a;b", "é"] {
        let repository = TakenRepository { name: name.into(), ..takeout.repositories[0].clone() };
        assert_eq!(repository.set_up(&[]), SetUp::Command(None), "{name}");
        assert_eq!(install_command(&[repository], &[], |_| false), None, "{name}");
    }
}

#[test]
fn g12_a_damaged_newer_or_insecure_file_is_refused() {
    let (_folder, takeout, _) = gathered(true);
    let sound = String::from_utf8(takeout.encode().unwrap()).unwrap();
    let read = |from: &str, to: &str| {
        assert!(sound.contains(from), "{from}");
        Takeout::parse(sound.replace(from, to).as_bytes())
    };
    assert_eq!(read("\"version\": 1", "\"version\": 2"), Err(TakeoutError::Newer));
    for (from, to) in [
        ("io.github.usher.accounts", "something else"),
        ("https://store.example.org/repo", "http://store.example.org/repo"),
        ("https://store.example.org/repo", "file:///srv/repo"),
        ("\"service\": \"https://store.example.org/\"", "\"service\": \"https://u@store.example.org/\""),
        ("\"provider\": \"webflow\"", "\"provider\": \"other\""),
        ("\"org.a.Bought\"", "\"--user\""),
        ("\"org.a.Bought\"", "\"org.a.Bought;reboot\""),
        ("cHVibGljIGtleQ==", "$(reboot)"),
        ("\"user\": \"demo\"", "\"user\": \"\""),
        ("\"accounts\"", "\"accounts\": [], \"accounts\""),
    ] {
        assert_eq!(read(from, to), Err(TakeoutError::Malformed), "{to}");
    }
    assert_eq!(Takeout::parse(&vec![b' '; SIZE_LIMIT + 1]), Err(TakeoutError::TooLarge));
    let elsewhere = read("\"account\": 0", "\"account\": 7").unwrap();
    assert_eq!(elsewhere.repositories[0].account, None);
}

#[test]
fn an_account_is_recognised_by_server_and_person() {
    let (_folder, takeout, _) = gathered(true);
    let mut entries = entries();
    assert!(takeout.accounts[0].is_signed_in(&entries));
    if let Entry::Open(account) = &mut entries[0] {
        Arc::make_mut(account).sign_out();
    }
    assert!(takeout.accounts[0].here(&entries).is_some() && !takeout.accounts[0].is_signed_in(&entries));
    let other = TakenAccount { user: "demo2".into(), ..takeout.accounts[0].clone() };
    assert_eq!(other.here(&entries), None);
}

#[test]
fn a_written_file_can_be_read_whatever_the_names_of_remotes() {
    let folder = tempfile::tempdir().unwrap();
    let odd = config(true).replace("[remote \"demo\"]", "[remote \"\u{202e}\"]").replace("Demo Store", "\u{200b}");
    let here = installation(folder.path(), &(odd + &config(true).replace("\"demo\"", "\"a b\"")));
    let takeout = Takeout::gather(&entries(), &[here]);
    assert_eq!(takeout.repositories.len(), 1);
    assert_eq!(Takeout::parse(&takeout.encode().unwrap()), Ok(takeout));
}

proptest! {
    #[test]
    fn garbage_is_never_a_file_with_accounts(bytes in any::<Vec<u8>>()) {
        prop_assert!(Takeout::parse(&bytes).is_err());
    }

    #[test]
    fn no_name_puts_more_than_itself_into_a_command(name in "[ -~]{1,20}", title in ".{1,20}") {
        let (_folder, takeout, _) = gathered(false);
        let repository = TakenRepository { name: name.clone(), title: Some(title), ..takeout.repositories[0].clone() };
        if let SetUp::Command(Some(command)) = repository.set_up(&[]) {
            prop_assert!(crate::text::is_plain_name(&name));
            let words = std::process::Command::new("sh").args(["-c", &format!("flatpak() {{ printf '%s\\n' \"$#\" \"$1\"; }}; {command}")]).output().unwrap();
            let words = String::from_utf8(words.stdout).unwrap();
            prop_assert!(words == "8\nremote-add\n" || words == "9\nremote-add\n" || words == "7\nremote-add\n", "{}", words);
        }
    }
}
