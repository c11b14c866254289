// SPDX-License-Identifier: GPL-3.0-or-later
//! Whole looks at a computer: files with tricks, and programs with tricks.

use std::{
    fs::{self, Permissions},
    os::unix::fs::{PermissionsExt, symlink},
    path::{Path, PathBuf},
    time::Duration,
};

use base64::{Engine, engine::general_purpose::STANDARD};
use rustix::fs::{CWD, FileType, Mode, mknodat};
use tempfile::TempDir;

use super::{helper, *};
use crate::{error_text::UserFacing, patience::within};

const REGISTRY: &str = "https://registry.example.org/";

/// A computer with a home folder, and its programs.
struct Computer {
    root: TempDir,
    places: Places,
}

impl Computer {
    fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        let at = |path: &str| root.path().join(path);
        for folder in ["home", "run", "etc/flatpak", "usr/bin", "usr/local/bin"] {
            fs::create_dir_all(at(folder)).unwrap();
        }
        let variable = |name: &str| match name {
            "HOME" => Some(at("home")),
            "XDG_RUNTIME_DIR" => Some(at("run")),
            _ => None,
        };
        let mut places = Places::of(variable, rustix::process::geteuid().as_raw(), root.path());
        for place in &mut places.files {
            // The administrator of this computer is whoever runs the tests.
            place.owner = rustix::process::geteuid().as_raw();
        }
        Self { root, places }
    }

    fn at(&self, path: &str) -> PathBuf {
        self.root.path().join(path)
    }

    fn write(&self, path: &str, contents: &str) -> PathBuf {
        let path = self.at(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, contents).unwrap();
        set_mode(&path, 0o600);
        path
    }

    /// A login of this person in one of the files.
    fn log_in(&self, path: &str, user: &str) -> PathBuf {
        self.write(path, &login("registry.example.org", user))
    }

    fn program(&self, path: &str, script: &str) -> PathBuf {
        let path = self.write(path, &format!("#!/bin/sh\n{script}\n"));
        set_mode(&path, 0o755);
        path
    }

    async fn find(&self) -> Finding {
        self.places.find(&Wanted::new(ServiceUrl::parse(REGISTRY).unwrap(), &[])).await
    }
}

fn login(key: &str, user: &str) -> String {
    format!(r#"{{"auths":{{"{key}":{{"auth":"{}"}}}}}}"#, STANDARD.encode(format!("{user}:secret of {user}")))
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

const FILES: [(&str, Source); 6] = [
    ("run/containers/auth.json", Source::Podman),
    ("home/.config/containers/auth.json", Source::Podman),
    ("home/.docker/config.json", Source::Docker),
    ("home/.config/flatpak/oci-auth.json", Source::Flatpak),
    ("etc/flatpak/oci-auth.json", Source::Administrator),
    ("run/containers/UID/auth.json", Source::Podman),
];

fn files() -> impl DoubleEndedIterator<Item = (String, Source)> {
    let user = rustix::process::geteuid().as_raw().to_string();
    FILES.into_iter().map(move |(path, source)| (path.replace("UID", &user), source))
}

#[tokio::test]
async fn the_first_file_with_the_login_wins_and_its_secret_is_read_later() {
    let computer = Computer::new();
    assert_eq!(computer.find().await, Finding::default());
    for (path, source) in files().rev() {
        computer.log_in(&path, &path);
        let Finding { login: Some(login), faults } = computer.find().await else { panic!("{path}") };
        assert_eq!((login.user(), login.source(), login.program()), (Some(&*path), source, None));
        assert_eq!(faults, []);
        let printed = format!("{login:?}");
        assert!(!printed.contains("secret of"), "{printed}");
        let read = login.read().await.unwrap();
        assert_eq!((read.user.as_str(), read.password.expose()), (&*path, &*format!("secret of {path}")));
    }
}

type Trick = fn(&Computer, &Path);

#[tokio::test]
async fn m02_a_file_with_a_trick_is_told_and_the_next_one_is_used() {
    let file = "home/.config/containers/auth.json";
    let tricks: [(&str, FileFault, Trick); 11] = [
        ("others may write it", FileFault::Writable, |_, path| set_mode(path, 0o602)),
        ("its group may write it", FileFault::Writable, |_, path| set_mode(path, 0o620)),
        ("others may put another in its place", FileFault::FolderWritable, |_, path| {
            set_mode(path.parent().unwrap(), 0o777);
        }),
        ("the same with a sticky bit", FileFault::FolderWritable, |_, path| {
            set_mode(path.parent().unwrap(), 0o1777);
        }),
        ("it is a link to a sound file", FileFault::Link, |computer, path| {
            let other = computer.log_in("elsewhere/auth.json", "link");
            fs::remove_file(path).unwrap();
            symlink(other, path).unwrap();
        }),
        ("it is a link to nothing", FileFault::Link, |_, path| {
            fs::remove_file(path).unwrap();
            symlink("/nonexistent", path).unwrap();
        }),
        ("it is a FIFO", FileFault::NotRegular, |_, path| {
            fs::remove_file(path).unwrap();
            mknodat(CWD, path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
        }),
        ("it is a folder", FileFault::NotRegular, |_, path| {
            fs::remove_file(path).unwrap();
            fs::create_dir(path).unwrap();
        }),
        ("it is huge", FileFault::TooLarge, |_, path| {
            fs::File::options().write(true).open(path).unwrap().set_len(1 << 40).unwrap();
        }),
        ("it is no JSON", FileFault::Damaged, |_, path| fs::write(path, "auths").unwrap()),
        ("it has a key twice", FileFault::Damaged, |_, path| {
            fs::write(path, r#"{"auths":{},"auths":{}}"#).unwrap();
        }),
    ];
    for (trick, fault, play) in tricks {
        let computer = Computer::new();
        let path = computer.log_in(file, "trick");
        computer.log_in("home/.docker/config.json", "ada");
        let before = computer.find().await.login.unwrap();
        play(&computer, &path);
        let Finding { login: Some(login), faults } = computer.find().await else { panic!("{trick}") };
        assert_eq!(login.user(), Some("ada"), "{trick}");
        assert_eq!(faults, [Fault::File(path, fault)], "{trick}");
        assert!(before.read().await.is_err(), "{trick}: what was found before is not read any more");
    }
}

#[tokio::test]
async fn m02_a_file_of_somebody_else_is_not_used() {
    let mut computer = Computer::new();
    let path = computer.log_in("home/.docker/config.json", "ada");
    for place in &mut computer.places.files {
        place.owner += 1;
    }
    let found = computer.find().await;
    assert_eq!(found, Finding { login: None, faults: vec![Fault::File(path.clone(), FileFault::NotOwn)] });
    assert_eq!(found.faults[0].reason(), format!("{} belongs to somebody else", path.display()));
}

#[tokio::test]
async fn m03_an_entry_that_cannot_be_used_is_told_and_the_next_file_is_used() {
    for (entry, fault) in [
        (r#"{"auths":{"registry.example.org":{"auth":"?"}}}"#, Some(EntryFault::Damaged)),
        (r#"{"auths":{"registry.example.org":{"auth":"YWRh"}}}"#, Some(EntryFault::Damaged)),
        (r#"{"auths":{"registry.example.org":{"identitytoken":"a"}}}"#, Some(EntryFault::IdentityToken)),
        (r#"{"credHelpers":{"registry.example.org":"../../bin/sh"}}"#, Some(EntryFault::HelperName)),
        (r#"{"credHelpers":{"registry.example.org":"/bin/sh"}}"#, Some(EntryFault::HelperName)),
        (r#"{"credHelpers":{"registry.example.org":"a b"}}"#, Some(EntryFault::HelperName)),
        (r#"{"credHelpers":{"registry.example.org":"-x"}}"#, Some(EntryFault::HelperName)),
        (r#"{"credHelpers":{"registry.example.org":"a\u0000"}}"#, Some(EntryFault::HelperName)),
        (r#"{"credHelpers":{"registry.example.org":"a.exe"}}"#, Some(EntryFault::HelperName)),
        (r#"{"auths":{"registry.example.org":{}},"credsStore":"$(id)"}"#, Some(EntryFault::HelperName)),
        (r#"{"auths":{"registry.example.org.evil.example":{"auth":"?"}}}"#, None),
        (r#"{"auths":{"http://registry.example.org":{"auth":"?"}}}"#, None),
        (r#"{"auths":{"registry.example.org":{}}}"#, None),
    ] {
        let computer = Computer::new();
        let path = computer.write("run/containers/auth.json", entry);
        computer.log_in("home/.docker/config.json", "ada");
        let Finding { login: Some(login), faults } = computer.find().await else { panic!("{entry}") };
        assert_eq!(login.user(), Some("ada"), "{entry}");
        assert_eq!(faults, fault.map(|fault| Fault::Entry(path, fault)).into_iter().collect::<Vec<_>>(), "{entry}");
    }
}

#[tokio::test]
async fn m04_what_changed_after_it_was_shown_is_not_used() {
    let computer = Computer::new();
    let path = "home/.docker/config.json";
    computer.log_in(path, "ada");
    let login = computer.find().await.login.unwrap();
    for other in ["{}".to_owned(), self::login("registry.example.org", "eve"), self::login("other.example.org", "ada")]
    {
        let changed = Fault::Entry(computer.write(path, &other), EntryFault::Changed);
        assert_eq!(login.read().await, Err(changed), "{other}");
    }
    fs::remove_file(computer.at(path)).unwrap();
    assert!(login.read().await.is_err());
}

#[tokio::test]
async fn every_registry_with_a_login_is_listed_once() {
    let computer = Computer::new();
    computer.write(
        "run/containers/auth.json",
        &format!(
            r#"{{"auths":{{"b.example.org":{{"auth":"{0}"}},"https://b.example.org/v1/":{{"auth":"{0}"}},
                "b.example.org/acme":{{"auth":"{0}"}},"http://c.example.org":{{"auth":"{0}"}},"odd key":{{"auth":"{0}"}}}}}}"#,
            STANDARD.encode("ada:secret")
        ),
    );
    computer.write("home/.docker/config.json", &login("a.example.org", "eve"));
    let damaged = computer.write("etc/flatpak/oci-auth.json", r#"{"auths":{"d.example.org":{"auth":"?"}}}"#);
    let listing = computer.places.list().await;
    let listed: Vec<_> = listing.logins.iter().map(|login| (login.registry().host(), login.user().unwrap())).collect();
    assert_eq!(listed, [("a.example.org".to_owned(), "eve"), ("b.example.org".to_owned(), "ada")]);
    assert_eq!(listing.faults, [Fault::Entry(damaged, EntryFault::Damaged)]);
}

#[test]
fn a_login_answers_a_form_that_asks_for_a_name_and_a_password() {
    let secret = LoginSecret { user: "ada".into(), password: Secret::try_from("secret".to_owned()).unwrap() };
    let answer = |fields: &[Field]| {
        let answer = secret.answer(fields);
        answer.map(|answer| answer.iter().map(|text| text.expose().to_owned()).collect::<Vec<_>>())
    };
    assert_eq!(answer(&[Field::User, Field::Password]).unwrap(), ["ada", "secret"]);
    assert_eq!(answer(&[Field::Password, Field::User]).unwrap(), ["secret", "ada"]);
    for other in [&[][..], &[Field::Token], &[Field::User], &[Field::Password], &[Field::User, Field::Token]] {
        assert!(answer(other).is_none() && !fits(other), "{other:?}");
    }
}

const HELPER: &str = r#"{"credHelpers":{"registry.example.org":"usher-test"}}"#;

#[tokio::test]
async fn m05_a_program_is_looked_for_in_two_folders_only_and_must_be_the_administrators() {
    let computer = Computer::new();
    computer.write("home/.docker/config.json", HELPER);
    let name = "docker-credential-usher-test";
    assert_eq!(computer.find().await.faults, [Fault::NoProgram(name.into())]);
    computer.program(&format!("home/{name}"), "exit 1");
    assert_eq!(computer.find().await.faults, [Fault::NoProgram(name.into())]);
    let path = computer.program(&format!("usr/local/bin/{name}"), "exit 1");
    let is_administrator = rustix::process::geteuid().is_root();
    if is_administrator {
        let found = computer.find().await;
        assert_eq!(found.login.unwrap().program(), Some(&*path));
        let first = computer.program(&format!("usr/bin/{name}"), "exit 1");
        assert_eq!(computer.find().await.login.unwrap().program(), Some(&*first));
        set_mode(&first, 0o757);
        assert_eq!(computer.find().await.faults, [Fault::Program(first, ProgramFault::Writable)]);
    } else {
        assert_eq!(computer.find().await.faults, [Fault::Program(path, ProgramFault::Writable)]);
    }
}

/// Runs a script as such a program, with this limit.
async fn ask(script: &str, limit: Duration) -> Result<(String, String), ProgramFault> {
    let computer = Computer::new();
    let program = computer.program("usr/bin/docker-credential-usher-test", script);
    let asked = helper::ask(&program, "registry.example.org", limit).await;
    asked.map(|(user, secret)| (user, secret.expose().to_owned()))
}

/// Generous: no script but those that hang reaches it.
const LONG: Duration = Duration::from_secs(60);

#[tokio::test]
async fn m06_a_program_is_asked_for_one_registry_with_nothing_but_that() {
    let script = r#"read -r server; printf '{"ServerURL":"%s","Username":"%s %s %s","Secret":"%s"}' \
        "$server" "$1" "$#" "$PWD" "$server""#;
    assert_eq!(ask(script, LONG).await.unwrap(), ("get 1 /".into(), "registry.example.org".into()));
    let script =
        r#"printf '{"Username":"ada","Secret":"%s"}' "$(env | cut -d = -f 1 | grep -v '^LC_' | sort | tr '\n' ' ')""#;
    let (_, names) = ask(script, LONG).await.unwrap();
    assert!(names.contains("PATH") && !names.contains("CARGO"), "{names}");
    let script = r#"exec <&-; printf '{"Username":"ada","Secret":"a:b"}'"#;
    assert_eq!(ask(script, LONG).await.unwrap(), ("ada".into(), "a:b".into()));
}

#[tokio::test]
async fn m06_a_program_with_a_trick_gives_no_login() {
    for (script, fault) in [
        (r#"printf '{"Username":"<token>","Secret":"a"}'"#, ProgramFault::IdentityToken),
        (r#"printf '{"Username":"ada","Secret":""}'"#, ProgramFault::Nothing),
        ("echo 'credentials not found in native keychain'; exit 1", ProgramFault::Nothing),
        ("echo 'secret'; exit 1", ProgramFault::Unexpected),
        (r#"printf '{"Username":"ada","Secret":"a"}'; exit 1"#, ProgramFault::Unexpected),
        (r#"printf '{"Username":"ada","Secret":"a"}'; kill -9 $$"#, ProgramFault::Unexpected),
        (r#"printf '{"Username":"ada"}'"#, ProgramFault::Unexpected),
        (r#"printf '{"Username":"","Secret":"a"}'"#, ProgramFault::Unexpected),
        (r#"printf '{"Username":"ada","Secret":["a"]}'"#, ProgramFault::Unexpected),
        (r#"printf '{"Username":"ada","Secret":"a"} {}'"#, ProgramFault::Unexpected),
        (r#"printf '{"Username":"ada","Username":"eve","Secret":"a"}'"#, ProgramFault::Unexpected),
        (r"printf '\377'", ProgramFault::Unexpected),
        ("exit 0", ProgramFault::Unexpected),
        ("exec head -c 1073741824 /dev/zero", ProgramFault::Unexpected),
        ("exec yes", ProgramFault::Unexpected),
        (r#"printf '{"Username":"ada","Secret":"%65536s"}' a"#, ProgramFault::Unexpected),
    ] {
        assert_eq!(ask(script, LONG).await, Err(fault), "{script}");
    }
    let missing = helper::ask(Path::new("/nonexistent"), "registry.example.org", LONG).await;
    assert_eq!(missing.unwrap_err(), ProgramFault::NotStarted);
}

/// Programs that do not end.
const HANGING: [&str; 4] = [
    "sleep 1000",
    r#"printf '{"Username":"ada","Secret":"a"}'; exec >&-; sleep 1000"#,
    // What it leaves behind keeps its output open.
    r#"sleep 1000 & printf '{"Username":"ada","Secret":"a"}'"#,
    "trap '' TERM INT HUP; while :; do sleep 1000; done",
];

#[tokio::test]
async fn m07_a_program_that_hangs_is_not_waited_for() {
    for script in HANGING {
        assert_eq!(ask(script, Duration::from_millis(200)).await, Err(ProgramFault::TooLate), "{script}");
    }
}

#[tokio::test]
async fn m07_a_program_ends_with_all_that_it_started_when_nobody_waits_any_more() {
    for script in HANGING {
        let computer = Computer::new();
        let noted = computer.at("home/group");
        let note = format!("ps -o pgid= -p $$ > '{0}.part'; mv '{0}.part' '{0}'", noted.display());
        let program = computer.program("usr/bin/docker-credential-usher-test", &format!("{note}\n{script}"));
        tokio::select! {
            _ = helper::ask(&program, "registry.example.org", LONG) => panic!("it hangs: {script}"),
            () = until(|| noted.exists()) => {}
        }
        let group: u32 = fs::read_to_string(&noted).unwrap().trim().parse().unwrap();
        until(|| !is_alive(group)).await;
    }
}

async fn until(is_so: impl Fn() -> bool) {
    let waiting = async {
        while !is_so() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    within(LONG, waiting).await.expect("it comes to that");
}

/// Whether a process of this group runs. One that has ended and that nobody has asked about yet does not.
fn is_alive(group: u32) -> bool {
    let group = group.to_string();
    let processes =
        fs::read_dir("/proc").unwrap().filter_map(|entry| fs::read_to_string(entry.ok()?.path().join("stat")).ok());
    processes.into_iter().any(|stat| {
        let fields: Vec<&str> = stat.rsplit_once(')').map_or(Vec::new(), |(_, rest)| rest.split_whitespace().collect());
        fields.get(2) == Some(&group.as_str()) && fields.first() != Some(&"Z")
    })
}
