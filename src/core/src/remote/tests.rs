// SPDX-License-Identifier: GPL-3.0-or-later
use super::*;
use crate::{checks, ground::Ground, testing};

fn installation(config: &str) -> (tempfile::TempDir, Installation) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(folder.path().join("repo")).unwrap();
    std::fs::write(folder.path().join("repo/config"), config).unwrap();
    let installation = Installation { path: folder.path().into(), is_user: true, name: None };
    (folder, installation)
}

#[test]
fn remotes_are_read_with_their_authenticator_and_options() {
    let (_folder, installation) = installation(&format!(
        "[core]\nmode=bare-user-only\n[remote \"demo\"]\nurl=https://store.example.org/repo/\nxa.title=Demo\\sStore\n\
         xa.authenticator-name={}\nxa.authenticator-options.url=https://store.example.org/\n\
         [remote \"plain\"]\nurl=x\nxa.authenticator-install=true\n",
        names::AUTHENTICATOR_NAME
    ));
    let remotes = remotes(&[installation]);
    assert_eq!(remotes.len(), 2);
    assert_eq!(remotes[0].display_name(), "Demo Store");
    assert!(remotes[0].is_ours() && !remotes[1].is_ours());
    assert!(!remotes[0].installs_authenticator && remotes[1].installs_authenticator);
    assert_eq!(remotes[0].claimed().unwrap().host(), "store.example.org");
    let options = remotes[0].options.clone();
    assert!(is_configured(&remotes, "demo", "https://store.example.org/repo/", &options, None));
    assert!(!is_configured(&remotes, "demo", "https://evil.example/repo/", &options, None));
    assert!(!is_configured(&remotes, "demo", "https://store.example.org/repo/", &BTreeMap::new(), None));
}

#[test]
fn a_remote_that_is_switched_off_counts_for_nothing() {
    for (value, counts) in [("true", false), ("false", true)] {
        let (_folder, installation) = installation(&format!(
            "[remote \"demo\"]\nurl=https://r.example/\nxa.disable={value}\nxa.authenticator-name={}\n\
             xa.authenticator-options.url=https://store.example.org/\n",
            names::AUTHENTICATOR_NAME
        ));
        let remotes = remotes(&[installation]);
        let [remote] = remotes.as_slice() else { panic!("one remote") };
        let entries = [testing::open(testing::linked(
            testing::account("https://store.example.org/", "demo"),
            &["https://r.example/"],
        ))];
        let ground = Ground::of(remote).unwrap();
        assert_eq!(remote.is_ours(), counts);
        assert_eq!(is_configured(&remotes, "demo", "https://r.example/", &remote.options, None), counts);
        assert_eq!(ground.is_of(remote), counts);
        assert_eq!(checks::is_checked(remote, &entries), counts);
        assert_eq!(checks::server_to_ask(remote, &entries).is_some(), counts);
    }
}

#[test]
fn in_a_sandbox_a_folder_counts_only_if_it_can_be_seen() {
    let (seen, empty) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    std::fs::create_dir(seen.path().join("repo")).unwrap();
    let folders = |user: &str, in_sandbox| {
        let variable = |name: &str| match name {
            "FLATPAK_USER_DIR" => Some(user.into()),
            "FLATPAK_SYSTEM_DIR" => Some("/nonexistent/system".into()),
            "HOME" => Some("/home/ada".into()),
            "XDG_DATA_HOME" => Some("/home/ada/.var/app/x/data".into()),
            "HOST_XDG_DATA_HOME" => Some("/home/ada/data".into()),
            _ => None,
        };
        let all = FlatpakFolders { variable, in_sandbox }.usual_installations();
        all.into_iter().take(2).map(|found| found.path.display().to_string()).collect::<Vec<_>>()
    };
    let seen = seen.path().to_str().unwrap();
    assert_eq!(folders(seen, true), [seen, "/var/lib/flatpak"]);
    assert_eq!(folders("/nonexistent/user", true), ["/home/ada/data/flatpak", "/var/lib/flatpak"]);
    let empty = empty.path().to_str().unwrap();
    assert_eq!(folders(empty, true), ["/home/ada/data/flatpak", "/var/lib/flatpak"]);
    assert_eq!(folders("", true), ["/home/ada/data/flatpak", "/var/lib/flatpak"]);
    assert_eq!(folders("/nonexistent/user", false), ["/nonexistent/user", "/nonexistent/system"]);
    assert_eq!(folders("", false), ["/home/ada/.var/app/x/data/flatpak", "/nonexistent/system"]);
    let relative = |name: &str| match name {
        "HOME" => Some("/home/ada".into()),
        "XDG_DATA_HOME" | "HOST_XDG_DATA_HOME" => Some("data".into()),
        _ => None,
    };
    for in_sandbox in [false, true] {
        let found = FlatpakFolders { variable: relative, in_sandbox }.usual_installations();
        assert_eq!(found[0].path, Path::new("/home/ada/.local/share/flatpak"));
    }
}

#[test]
fn a_missing_or_broken_installation_is_not_an_error() {
    let (folder, broken) = installation("\0\0[remote \"a\nurl=b\n");
    let missing = Installation { path: folder.path().join("missing"), is_user: false, name: None };
    assert!(remotes(&[missing, broken]).is_empty());
}

#[test]
fn an_app_is_installed_where_one_of_its_versions_is_current() {
    let (folder, installation) = installation("");
    std::fs::create_dir_all(folder.path().join("app/org.a.A/x86_64/stable/1")).unwrap();
    assert!(!is_app_installed(std::slice::from_ref(&installation), "org.a.A"));
    std::os::unix::fs::symlink("x86_64/stable", folder.path().join("app/org.a.A/current")).unwrap();
    assert!(is_app_installed(std::slice::from_ref(&installation), "org.a.A"));
    assert!(!is_app_installed(&[installation], "../app/org.a.A"));
}

#[test]
fn an_update_differs_from_an_install() {
    let refs = |texts: &[&str]| texts.iter().map(|text| text.parse().unwrap()).collect::<Vec<FlatpakRef>>();
    let installed = refs(&["app/org.a.A/x/1", "app/org.b.B/x/1", "runtime/org.a.A.Locale/x/1"]);
    let update =
        |texts: &[&str]| is_update(&refs(texts).iter().collect::<Vec<_>>(), |wanted| installed.contains(wanted));
    assert!(update(&["app/org.a.A/x/1"]));
    assert!(update(&["app/org.a.A/x/1", "app/org.b.B/x/1", "runtime/org.new.Runtime/x/2"]));
    assert!(update(&["runtime/org.a.A.Locale/x/1"]));
    assert!(!update(&["app/org.a.A/x/1", "app/org.c.C/x/1"]));
    assert!(!update(&["runtime/org.new.Runtime/x/2"]));
}
