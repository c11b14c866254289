// SPDX-License-Identifier: GPL-3.0-or-later
//! The commands on the pages for operators work as they stand there, with the addresses of a real shop in place of the
//! examples.

use std::{fs, path::Path};

use serde_json::Value;
use usher_demo_store::RegistryAuthentication;
use usher_tests::{AUTHENTICATOR, Session, Setup, workspace};

/// The pages about a kind of server, and the commands of each that begin with `start`.
fn commands(start: &str) -> Vec<(String, Vec<String>)> {
    let folder = workspace().join("docs/operators");
    let mut pages: Vec<_> =
        fs::read_dir(&folder).expect("the pages are there").map(|entry| entry.expect("a page").path()).collect();
    pages.sort();
    pages.iter().map(|page| (page_name(page), commands_of(page, start))).collect()
}

fn page_name(page: &Path) -> String {
    page.file_stem().expect("a page has a name").to_string_lossy().into_owned()
}

fn commands_of(page: &Path, start: &str) -> Vec<String> {
    let text = fs::read_to_string(page).expect("a page is text");
    let blocks = text.split("```sh\n").skip(1).filter_map(|rest| rest.split("```").next());
    let lines = blocks.flat_map(|block| block.replace("\\\n", " ").lines().map(str::to_owned).collect::<Vec<_>>());
    lines.filter(|line| line.starts_with(start)).collect()
}

/// What the doctor says of a remote: the commands that mend what is wrong.
async fn fixes(session: &Session, remote: &str) -> Vec<Value> {
    let doctor = session.usherctl(&["doctor", "--json"]).await;
    let told: Value = serde_json::from_str(&doctor.stdout).expect("JSON");
    let remotes = told["remotes"].as_array().expect("a list of remotes");
    let about = remotes.iter().find(|about| about["remote"] == remote).expect("the doctor knows it");
    about["problems"].as_array().expect("a list of problems").iter().map(|problem| problem["fix"].clone()).collect()
}

#[tokio::test]
async fn every_command_that_adds_a_repository_leads_to_signing_in() {
    let session = Session::start(Setup::without_display()).await;
    let (base, repository) = (session.shop().base_url().to_string(), session.shop().repository_url().to_string());
    let registry = session.start_registry("registry", RegistryAuthentication::Tokens).await;
    let index = registry.remote_add_arguments("shop", None).pop().expect("an address");
    let mut tried = Vec::new();
    for (page, commands) in commands("flatpak remote-add ") {
        let [command] = commands.as_slice() else { panic!("{page} has one command that adds a repository") };
        let command = command
            .replace("remote-add ", "remote-add --user --no-gpg-verify ")
            .replace("io.github.usher.Usher", AUTHENTICATOR)
            .replace("https://store.example.org/", &base)
            .replace("https://login.example.org/", &base)
            .replace("https://repo.example.org/", &repository)
            .replace("oci+https://index.example.org/", &index);
        assert!(!command.contains("example.org"), "{page}: {command}");
        let name = command.split_whitespace().rev().nth(1).expect("a name before the address");
        session.in_terminal(&["sh", "-c", &command]).end().await.expect_success();
        let mut found = fixes(&session, name).await;
        if page == "registry" {
            // Which registry it is says the index, at which flatpak has not looked yet.
            let look = format!("flatpak remote-ls {name}");
            assert_eq!(found, [look.as_str()], "{page}");
            session.in_terminal(&["sh", "-c", &look]).end().await.expect_success();
            found = fixes(&session, name).await;
        }
        // Anybody may get something at a registry, so that nothing is wrong without an account.
        let sign_in = (page != "registry").then(|| format!("usherctl sign-in {name}"));
        assert_eq!(found, Vec::from_iter(sign_in), "{page}");
        let page_path = workspace().join(format!("docs/operators/{page}.md"));
        for change in commands_of(&page_path, "flatpak remote-modify ") {
            let change = change.replace("io.github.usher.Usher", AUTHENTICATOR);
            session.in_terminal(&["sh", "-c", &change]).end().await.expect_success();
        }
        assert_eq!(fixes(&session, name).await, found, "{page}");
        session.flatpak().run(&["remote-delete", "--user", name]).await.expect_success();
        tried.push(page);
    }
    assert_eq!(tried, ["basic", "openid", "registry", "token", "webflow"]);
}

#[tokio::test]
async fn every_command_that_names_usher_in_a_summary_does() {
    let session = Session::start(Setup { without_shop: true, ..Setup::without_display() }).await;
    let folder = session.folder().join("operator");
    fs::create_dir(&folder).expect("a folder can be made");
    let run = async |command: &str| {
        let command = format!("cd '{}' && {command}", folder.display());
        session.in_terminal(&["sh", "-c", &command]).end().await.expect_success();
    };
    for (page, commands) in commands("flatpak build-update-repo ") {
        for command in commands {
            run("rm -rf repo && ostree init --repo=repo --mode=archive").await;
            run(&command).await;
            let summary = fs::read(folder.join("repo/summary")).expect("a summary");
            let has = |text: &str| summary.windows(text.len()).any(|part| part == text.as_bytes());
            assert!(has("io.github.usher.Usher"), "{page}: {command}");
            let options = command.split_whitespace().filter_map(|word| word.strip_prefix("--authenticator-option="));
            for value in options.flat_map(|option| option.splitn(2, '=')) {
                assert!(has(value), "{page}: {value}");
            }
        }
    }
}
