// SPDX-License-Identifier: GPL-3.0-or-later
use proptest::prelude::*;

use super::{RepositoryFileError::*, *};

const REPO: &str = "[Flatpak Repo]\nTitle=Example Store\nUrl=https://store.example.org/repo/\n";

fn parse(content: &str) -> Result<RepositoryFile, RepositoryFileError> {
    RepositoryFile::parse(content.as_bytes(), Path::new("store.flatpakrepo"))
}

fn remote(name: &str) -> Remote {
    crate::testing::remote(name, "https://other.example.org/", "store.example.org")
}

#[test]
fn a_repository_is_read() {
    let file = parse(REPO).unwrap();
    assert_eq!(file.address.verbatim(), "https://store.example.org/repo/");
    assert_eq!((file.title.as_deref(), file.app.as_deref()), (Some("Example Store"), None));
    let command = "flatpak remote-add --user --no-authenticator-install --from store /home/ada/store.flatpakrepo";
    assert_eq!(file.command(Some(Path::new("/home/ada/store.flatpakrepo")), &[]).as_deref(), Some(command));
}

#[test]
fn a_ref_file_names_its_app_and_suggests_a_name_for_its_repository() {
    let content = "[Flatpak Ref]\nName=org.example.App\nTitle=Great App\nBranch=stable\nUrl=https://store.example.org/repo\n\
                   SuggestRemoteName=shop\nIsRuntime=false\nRuntimeRepo=file:///etc/passwd\n";
    let file = RepositoryFile::parse(content.as_bytes(), Path::new("app.flatpakref")).unwrap();
    assert_eq!((file.title.as_deref(), file.app.as_deref()), (None, Some("Great App")));
    let command =
        "flatpak remote-add --user --no-authenticator-install --no-gpg-verify shop https://store.example.org/repo";
    assert_eq!(file.command(Some(Path::new("/home/ada/app.flatpakref")), &[]).as_deref(), Some(command));
}

#[test]
fn whatever_flatpak_would_not_verify_is_warned_of() {
    for (rest, is_warned_of) in [
        ("Url=https://store.example.org/repo/\n", true),
        ("Url=https://store.example.org/repo/\nGPGKey=cHVibGljIGtleQ==\n", false),
        ("Url=oci+https://registry.example.org/\n", false),
    ] {
        let file = parse(&format!("[Flatpak Repo]\n{rest}")).unwrap();
        assert_eq!(file.warning().is_some(), is_warned_of, "{rest}");
        let command = file.command(None, &[]);
        assert_eq!(command.is_some_and(|command| command.contains("--no-gpg-verify")), is_warned_of, "{rest}");
    }
}

#[test]
fn a_path_that_cannot_be_typed_goes_into_no_command() {
    let content = format!("{REPO}GPGKey=cHVibGljIGtleQ==\nSubset=verified\nDefaultBranch=stable\n");
    let command = parse(&content).unwrap().command(Some(Path::new("/home/ada/Téléchargements/a.flatpakrepo")), &[]);
    let expected = "key=$(mktemp) && printf %s cHVibGljIGtleQ== | base64 --decode >\"$key\" && flatpak remote-add --user \
                    --no-authenticator-install --subset=verified --default-branch=stable '--title=Example Store' \
                    --gpg-import=\"$key\" store https://store.example.org/repo && rm \"$key\"";
    assert_eq!(command.as_deref(), Some(expected));
    for odd in ["relative.flatpakrepo", "-.flatpakrepo", "/home/a\nb.flatpakrepo", "/home/\u{202e}.flatpakrepo"] {
        let command = parse(REPO).unwrap().command(Some(Path::new(odd)), &[]).unwrap();
        assert!(command.ends_with(" store https://store.example.org/repo"), "{command}");
    }
    let spaced = parse(REPO).unwrap().command(Some(Path::new("/home/it's a/$(b).flatpakrepo")), &[]).unwrap();
    assert!(spaced.ends_with(r" store '/home/it'\''s a/$(b).flatpakrepo'"), "{spaced}");
}

#[test]
fn a_taken_or_odd_name_is_replaced() {
    let name_of = |file: &str, remotes: &[Remote]| {
        let command = RepositoryFile::parse(REPO.as_bytes(), Path::new(file)).unwrap().command(None, remotes).unwrap();
        command.split(' ').rev().nth(1).unwrap().to_owned()
    };
    assert_eq!(name_of("store.flatpakrepo", &[remote("store")]), "store-2");
    for odd in ["store (1).flatpakrepo", "--user.flatpakrepo", "a+b.flatpakrepo", ".flatpakrepo", "é.flatpakrepo", ""]
    {
        assert_eq!(name_of(odd, &[]), "store.example.org", "{odd}");
    }
}

#[test]
fn another_authenticator_is_named_and_may_be_installed() {
    let with = |name: &str| parse(&format!("{REPO}AuthenticatorName={name}\n")).unwrap().command(None, &[]);
    let other = with("org.example.Other").unwrap();
    assert!(other.contains(" --authenticator-name=org.example.Other ") && !other.contains("install"), "{other}");
    let ours = with(names::AUTHENTICATOR_NAME).unwrap();
    assert!(ours.contains(" --no-authenticator-install "), "{ours}");
    assert_eq!(with("--user; rm"), None);
}

#[test]
fn a_registry_is_set_up_to_use_usher_unless_its_file_names_another_program() {
    let start = "flatpak remote-add --user";
    let usher = format!("--authenticator-name={} --no-authenticator-install", names::AUTHENTICATOR_NAME);
    let address = "oci+https://index.example.org/apps";
    let parse = |rest: &str| parse(&format!("[Flatpak Repo]\nUrl={address}\n{rest}")).unwrap();
    let file = Path::new("/home/ada/store.flatpakrepo");
    let ours = format!("AuthenticatorName={}\n", names::AUTHENTICATOR_NAME);
    let other = "AuthenticatorName=org.example.Other\n";
    for (said, file, command) in [
        ("", Some(file), format!("{start} {usher} --from store /home/ada/store.flatpakrepo")),
        ("", None, format!("{start} {usher} store {address}")),
        (&*ours, Some(file), format!("{start} --no-authenticator-install --from store /home/ada/store.flatpakrepo")),
        (&*ours, None, format!("{start} {usher} store {address}")),
        (other, Some(file), format!("{start} --from store /home/ada/store.flatpakrepo")),
        (other, None, format!("{start} --authenticator-name=org.example.Other store {address}")),
    ] {
        assert_eq!(parse(said).command(file, &[]), Some(command), "{said} {file:?}");
    }
    let tagged = RepositoryFile::of_registry("oci+https://index.example.org/apps#beta").unwrap();
    let tagged = tagged.command(None, &[]).unwrap();
    assert!(tagged.ends_with(" index.example.org 'oci+https://index.example.org/apps#beta'"), "{tagged}");
    let typed = RepositoryFile::of_registry(address).unwrap();
    assert_eq!(typed.command(None, &[]), Some(format!("{start} {usher} index.example.org {address}")));
    for none in ["https://index.example.org", "oci+http://index.example.org", "oci+https://ada:x@r.example.org", "oci+"]
    {
        assert_eq!(RepositoryFile::of_registry(none), None, "{none}");
    }
}

#[test]
fn a_registry_that_is_set_up_leads_on() {
    let file = RepositoryFile::of_registry("oci+https://index.example.org/apps/").unwrap();
    let other = Remote {
        authenticator: None,
        options: BTreeMap::new(),
        ..crate::testing::remote("registry", "oci+https://index.example.org/apps", "x.example.org")
    };
    let set_up = |remote: &Remote| file.set_up(None, std::slice::from_ref(remote));
    assert_eq!(set_up(&other), SetUp::CouldUse(Box::new(other.clone())));
    assert_eq!(set_up(&Remote { is_disabled: true, ..other.clone() }), SetUp::NotOurs);
    let ours = Remote { authenticator: Some(names::AUTHENTICATOR_NAME.to_owned()), ..other };
    assert_eq!(set_up(&ours), SetUp::AsksLater, "flatpak has not looked yet");
}

#[test]
fn an_insecure_repository_is_read_but_goes_into_no_command() {
    for address in ["http://store.example.org/repo", "file:///srv/repo", "smb://store/repo", "store.example.org"] {
        let file = parse(&format!("[Flatpak Repo]\nUrl={address}\n")).unwrap();
        assert_eq!(file.address.verbatim(), address);
        assert_eq!(file.command(Some(Path::new("/a.flatpakrepo")), &[]), None, "{address}");
    }
}

#[test]
fn g09_odd_files_are_refused_or_plain_text() {
    assert_eq!(RepositoryFile::parse(&vec![b'a'; SIZE_LIMIT + 1], Path::new("a")), Err(TooLarge));
    let windows = format!("{REPO}Icon=file:///etc/passwd\n").replace('\n', "\r\n");
    assert_eq!(parse(&windows), parse(REPO));
    let twice = parse(&format!("{REPO}Url=https://second.example.org/\n")).unwrap();
    assert_eq!(twice.address.verbatim(), "https://second.example.org/");
    assert_eq!(parse(&format!("{REPO}GPGKey=not base64!\n")), Err(Key));
    assert_eq!(parse(&format!("{REPO}GPGKey=\n")), Err(Key));
    assert_eq!(parse(&format!("{REPO}Version=2\n")), Err(Malformed));
    for broken in [
        "",
        "\0",
        "Url=https://store.example.org/",
        // flatpak accepts no byte order mark either.
        "\u{feff}[Flatpak Repo]\nUrl=https://store.example.org/\n",
        "[Flatpak Repo]\nTitle=x\n",
        "[Flatpak Repo]\nUrl=\n",
        "[Flatpak Repo]\nUrl=https://a\\nb\n",
        "[Flatpak Repo]\nUrl=https://a.example\u{202e}/\n",
        "{\"format\": \"io.github.usher.accounts\"}",
    ] {
        assert_eq!(parse(broken), Err(Malformed), "{broken:?}");
    }
    let title = parse("[Flatpak Repo]\nUrl=https://a.example/\nTitle=<b>\u{1b}[31m\u{202e}x\n").unwrap().title;
    assert_eq!(title.as_deref(), Some("<b> [31mx"));
}

proptest! {
    #[test]
    fn g09_no_content_makes_the_reader_panic(bytes in any::<Vec<u8>>(), name in "\\PC{0,20}") {
        let _ = RepositoryFile::parse(&bytes, Path::new(&name));
    }

    #[test]
    fn g09_everything_read_is_clean_and_the_command_is_one_line(
        address in "(https|file|smb)://[a-z.:/@\\\\\"$ ]{1,30}",
        lines in prop::collection::vec(("Title|Name|Url|GPGKey|Subset|DefaultBranch|AuthenticatorName|SuggestRemoteName", any::<String>()), 0..6),
        group in "Flatpak (Repo|Ref)",
        name in "\\PC{0,20}",
    ) {
        let lines: Vec<_> = lines.iter().map(|(key, value)| format!("{key}={value}")).collect();
        let content = format!("[{group}]\nUrl={address}\n{}\n", lines.join("\n"));
        if let Ok(file) = RepositoryFile::parse(content.as_bytes(), Path::new(&name)) {
            for text in [Some(file.address.verbatim()), file.title.as_deref(), file.app.as_deref()].into_iter().flatten() {
                prop_assert_eq!(&text::clean(text, ADDRESS_LIMIT), text);
            }
            let path = Path::new("/home/ada").join(&name);
            if let Some(command) = file.command(Some(&path), &[]) {
                prop_assert!(command.chars().all(|c| c.is_ascii_graphic() || c == ' '), "{}", command);
                prop_assert!(RemoteUrl::parse(file.address.verbatim()).is_ok());
            }
        }
    }
}
