// SPDX-License-Identifier: GPL-3.0-or-later
//! A repository installs Usher together with its first protected app, and how another repository can abuse that (rule
//! R23).

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use usher_demo_store::{DemoStore, Publication};
use usher_tests::usherctl::CommandOutput;
use usher_tests::{AUTHENTICATOR, Display, Node, Package, Session, Setup, Story, Window};

const APP: &str = "org.example.Postcard";
const FREE: &str = "org.example.Metronome";
/// The file that the other shop's program leaves in Usher's data folder.
const TRACE: &str = "the-other-one-was-here";

/// Runs a command in a terminal, and answers its questions with yes.
async fn run(session: &Session, command: &str) {
    session.in_terminal(&["sh", "-c", command]).answering_yes().end().await.expect_success();
}

/// Runs `usherctl doctor` from that branch of the Flatpak.
async fn doctor_of(session: &Session, branch: &str) -> CommandOutput {
    let mut command = tokio::process::Command::from(session.processes.command("flatpak"));
    command.args(["run", &format!("--branch={branch}"), "--command=usherctl", AUTHENTICATOR, "doctor"]);
    command.stdin(Stdio::null()).output().await.expect("flatpak starts").into()
}

/// The fixes and the problems that the doctor names for Usher itself.
fn problems_of_usher(output: &CommandOutput) -> Vec<(String, String)> {
    let mut lines = output.stdout.lines().peekable();
    let mut said = Vec::new();
    while let Some(line) = lines.next() {
        if let Some(sentence) = line.strip_prefix("Usher: ") {
            let fix = lines.next_if(|next| next.starts_with("  ")).unwrap_or_default();
            let (_, command) = fix.split_once(": ").unwrap_or_default();
            said.push((command.to_owned(), sentence.to_owned()));
        }
    }
    said
}

async fn wait_for_no_row(window: &Window<'_>, start: &str) {
    let is_it = |node: &Node| node.is_row() && node.name.starts_with(start);
    window.wait(&format!("no row “{start}…”"), |tree| (!tree.nodes.iter().any(is_it)).then_some(())).await;
}

/// Creates a repository on disk with another program under Usher's name.
async fn impostor_repository(session: &Session) -> PathBuf {
    let folder = session.folder().join("another");
    let (app, repository) = (folder.join("app"), folder.join("repo"));
    let write = |path: &str, text: &str| {
        let file = app.join(path);
        fs::create_dir_all(file.parent().expect("a file is in a folder")).expect("a folder can be made");
        fs::write(&file, text).expect("a file can be written");
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).expect("a file can be made a program");
    };
    let arch = session.flatpak().run(&["--default-arch"]).await;
    let runtime = format!("org.example.Platform/{}/1", arch.text.trim());
    write("metadata", &format!("[Application]\nname={AUTHENTICATOR}\nruntime={runtime}\nsdk={runtime}\n"));
    // It ends with an error, so that the bus stops waiting for it. Otherwise later calls would wait too.
    write("files/bin/other", &format!("#!/bin/sh\necho >\"$XDG_DATA_HOME/{TRACE}\"\nexit 1\n"));
    write(
        &format!("files/share/dbus-1/services/{AUTHENTICATOR}.service"),
        &format!("[D-BUS Service]\nName={AUTHENTICATOR}\nExec=/app/bin/other\n"),
    );
    let (app, at) = (app.display().to_string(), repository.display().to_string());
    let flatpak = session.flatpak();
    flatpak.run(&["build-finish", "--command=other", &app]).await.expect_success();
    flatpak.run(&["build-export", "--disable-sandbox", &at, &app, "stable"]).await.expect_success();
    repository
}

/// Opens another shop, and installs an app from it.
async fn another_shop(session: &Session) -> DemoStore {
    let shop = session.open_another_shop("other").await;
    session.flatpak().run(&["install", "--user", "--noninteractive", "other", FREE]).await.expect_success();
    shop
}

/// Lets the shop name Usher as its authenticator, bring a program of its own under that name, and publish an update.
async fn turn_malicious(shop: &DemoStore, impostor_repository: &Path) {
    let url = shop.base_url().to_string();
    shop.control()
        .bring_authenticator(AUTHENTICATOR, &url, impostor_repository)
        .await
        .expect("the shop can name anything");
    shop.control().publish(vec![Publication::Update(FREE.to_owned())]).await.expect("the shop publishes");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_protected_app_brings_usher_along() {
    let setup = Setup { package: Package::NotInstalled, ..Setup::default() };
    let story = Story::begin("sandbox-07-auto-install", "A repository installs Usher", setup).await;
    let session = &story.session;
    let (host, screen, flatpak) = (session.host(), session.screen(), session.flatpak());

    story.step("Usher is not installed; one install brings it, and Usher answers").await;
    assert!(!flatpak.is_installed(AUTHENTICATOR).await);
    let outcome = flatpak.install(APP).end().await;
    outcome.expect_refusal(&format!("Account needed. Sign in to {host} in the Usher window, then try again."));
    assert!(flatpak.is_installed(AUTHENTICATOR).await);
    assert!(!flatpak.is_installed(APP).await);

    story.step("Its prompt opens, and signing in works as always").await;
    let prompt = screen.window(&format!("Sign In to {host}")).await;
    prompt.row_says("For", APP).await;
    prompt.press(&format!("Continue to {host}")).await;
    let page = screen.front();
    page.ready("User name").await;
    page.sign_in_on_the_page("demo").await;
    let done = screen.front();
    done.says("Signed In").await;
    done.press("Done").await;
    screen.wait_until_empty().await;

    story.step("From then on installs and updates work without a question").await;
    flatpak.install(APP).end().await.expect_success();
    let installed = flatpak.commit(APP).await;
    session.shop().control().publish_update(APP).await.expect("the shop publishes");
    flatpak.run(&["update", "--user", "--noninteractive"]).await.expect_success();
    assert_ne!(flatpak.commit(APP).await, installed);
    let greeting = flatpak.run(&["run", "--user", APP]).await;
    assert!(greeting.text.contains("Hello from Postcard 2"), "{}", greeting.text);

    story.step("The doctor says where Usher came from, and does not call it a problem").await;
    let output = session.usherctl(&["doctor"]).await;
    let modify = "flatpak remote-modify --user --no-authenticator-install demo";
    let came = (modify.to_owned(), "“demo” installed Usher, and reinstalls it whenever it is removed.".to_owned());
    assert_eq!(problems_of_usher(&output), [came]);
    assert!(output.stdout.contains("demo: all good\n"), "{}", output.stdout);
    assert!(output.stdout.ends_with("1 remote checked, no problems.\n"), "{}", output.stdout);
    assert_eq!(output.code, 0);

    story.step("So does the window").await;
    session.open_usher();
    let window = screen.window("Usher").await;
    window.find_row("Usher Was Installed by a Repository, “demo” reinstalls it whenever it is removed").await;

    story.step("A person can forbid that; Usher stays installed").await;
    run(session, modify).await;
    wait_for_no_row(&window, "Usher Was Installed by a Repository").await;
    let output = session.usherctl(&["doctor"]).await;
    assert_eq!(problems_of_usher(&output), []);
    flatpak.run(&["update", "--user", "--noninteractive"]).await.expect_success();
    assert!(flatpak.is_installed(AUTHENTICATOR).await);
    story.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_under_ushers_name_is_reported_and_can_be_removed() {
    let setup = Setup::with_flatpak();
    let story = Story::begin("sandbox-07-takeover", "Another repository replaces Usher", setup).await;
    let session = &story.session;
    let (host, screen, flatpak) = (session.host(), session.screen(), session.flatpak());
    let shop = another_shop(session).await;
    let trace = session.folder_of_usher().join("data").join(TRACE);

    story.step("Another shop brings a program under Usher's name, with an ordinary update").await;
    turn_malicious(&shop, &impostor_repository(session).await).await;
    run(session, "flatpak update --user").await;
    let branches = flatpak.run(&["list", "--user", "--app", "--columns=application,branch,origin"]).await;
    assert!(branches.text.contains(&format!("{AUTHENTICATOR}\tautoinstall\tother")), "{}", branches.text);

    story.step("flatpak asks that program, and it reaches Usher's data").await;
    let refused = flatpak.install(APP).end().await;
    assert!(refused.code == 1 && !refused.text.contains("Account needed"), "{}", refused.text);
    assert!(trace.exists());

    story.step("The doctor of the original Usher says so, with the command that undoes it").await;
    let output = doctor_of(session, "stable").await;
    let said = problems_of_usher(&output);
    let [(command, sentence)] = &said[..] else { panic!("one thing is wrong with Usher: {said:?}") };
    assert!(sentence.starts_with("Usher may have been replaced: “app/"), "{sentence}");
    assert!(sentence.ends_with("/autoinstall” is also installed from “other”."), "{sentence}");
    assert_eq!(output.code, 1);

    story.step("It is the first row of the window").await;
    let mut usher = session.processes.command("flatpak");
    usher.args(["run", "--branch=stable", AUTHENTICATOR]);
    session.processes.start("usher", usher);
    let window = screen.window("Usher").await;
    window.find_row(&format!("Usher May Have Been Replaced, {AUTHENTICATOR} comes from other")).await;

    story.step("That command restores everything, and the next update changes nothing").await;
    run(session, command).await;
    wait_for_no_row(&window, "Usher May Have Been Replaced").await;
    window.close().await;
    screen.wait_until_empty().await;
    shop.control().publish_update(FREE).await.expect("the shop publishes");
    run(session, "flatpak update --user").await;
    let output = doctor_of(session, "stable").await;
    assert_eq!(problems_of_usher(&output), []);
    let outcome = flatpak.install(APP).end().await;
    outcome.expect_refusal(&format!("Account needed. Sign in to {host} in the Usher window, then try again."));
    story.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flatpak_that_replaces_the_installed_usher_is_reported_and_can_be_removed() {
    let session = Session::start(Setup::without_display()).await;
    let shop = another_shop(&session).await;
    turn_malicious(&shop, &impostor_repository(&session).await).await;
    run(&session, "flatpak update --user").await;
    assert!(session.flatpak().is_installed(AUTHENTICATOR).await);

    let output = session.usherctl(&["doctor"]).await;
    let said = problems_of_usher(&output);
    let [(command, sentence)] = &said[..] else { panic!("one thing is wrong with Usher: {said:?}") };
    assert!(sentence.starts_with("Usher may have been replaced: “app/"), "{sentence}");
    run(&session, command).await;
    let output = session.usherctl(&["doctor"]).await;
    assert_eq!(problems_of_usher(&output), []);
    assert!(!session.flatpak().is_installed(AUTHENTICATOR).await);
    run(&session, "flatpak update --user").await;
    assert!(!session.flatpak().is_installed(AUTHENTICATOR).await);
}

/// The block of commands in a page of the documentation that begins with `start`, for the development build.
fn documented(file: &str, start: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs").join(file);
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let blocks = text.split("```sh\n").skip(1).filter_map(|rest| rest.split("```").next());
    let block = blocks.into_iter().find(|block| block.starts_with(start));
    let block = block.unwrap_or_else(|| panic!("{file} has commands that begin with “{start}”"));
    block.replace("io.github.usher.Usher", AUTHENTICATOR)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_documented_commands_for_operators_and_for_removing_usher_work() {
    let session = Session::start(Setup { display: Display::None, ..Setup::with_flatpak() }).await;
    let flatpak = session.flatpak();
    let at = |path: &str| session.folder().join(path).display().to_string();

    // An operator publishes the installed commit.
    let mut init = session.processes.command("ostree");
    let made = init.arg("init").arg(format!("--repo={}", at("repo"))).arg("--mode=archive").status();
    assert!(made.expect("ostree starts").success());
    let arch = flatpak.run(&["--default-arch"]).await.text;
    let publish = documented("operators.md", "flatpak build-commit-from")
        .replace("/var/lib/flatpak/repo", &at("home/.local/share/flatpak/repo"))
        .replace("flathub:", "usher:")
        .replace("x86_64", arch.trim());
    run(&session, &format!("cd '{}' && {publish}", at(""))).await;
    let address = format!("file://{}", at("repo"));
    flatpak.run(&["remote-add", "--user", "--no-gpg-verify", "shop", &address]).await.expect_success();
    let offered = flatpak.run(&["remote-ls", "--user", "--columns=application,branch", "shop"]).await;
    assert!(offered.text.contains(&format!("{AUTHENTICATOR}\tautoinstall")), "{}", offered.text);
    flatpak.run(&["remote-delete", "--user", "shop"]).await.expect_success();

    // A person with an account removes Usher.
    session.sign_in_as("demo").await;
    run(&session, &documented("flatpak.md", "flatpak run --command=usherctl")).await;
    run(&session, &documented("flatpak.md", "flatpak list")).await;
    assert!(session.folder_of_usher().join("data/keyrings").exists());
    run(&session, &documented("flatpak.md", "flatpak uninstall --delete-data")).await;
    assert!(!flatpak.is_installed(AUTHENTICATOR).await);
    assert!(!session.folder_of_usher().exists());
}
