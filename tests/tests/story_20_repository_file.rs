// SPDX-License-Identifier: GPL-3.0-or-later
//! A file that names a repository leads to an account for it.

use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use usher_tests::{AUTHENTICATOR, Node, Role, Session, Setup, Story, Window};

const APP: &str = "org.example.Postcard";
/// What the form says of an address without encryption.
const INSECURE: &str = "Only secure addresses (https) can be used";

/// Removes the remote `demo`, and lets the repository's summary name its account server.
async fn remove_repository(session: &Session) {
    let shop = session.shop();
    shop.control().announce_authenticator(AUTHENTICATOR, shop.base_url().as_str()).await.expect("it is announced");
    session.flatpak().run(&["remote-delete", "--user", "--force", "demo"]).await.expect_success();
}

/// Writes a file into the home folder.
fn write(session: &Session, name: &str, content: &str) -> PathBuf {
    let file = session.folder().join("home").join(name);
    fs::write(&file, content).expect("a file can be written");
    file
}

/// A `.flatpakrepo` of the shop's repository, which also names an icon and a home page.
fn repository_file(session: &Session) -> String {
    let (repository, shop) = (session.shop().repository_url(), session.shop().base_url());
    format!("[Flatpak Repo]\nTitle=Demo Store\nUrl={repository}\nIcon={shop}icon.png\nHomepage={shop}\n")
}

/// Opens files with Usher, as `usher FILE` does.
fn open(session: &Session, files: &[&Path]) {
    let mut usher = session.command("usher");
    usher.args(files);
    session.processes.start("usher-open", usher);
}

/// The text of the address field.
fn address_in(nodes: &[Node]) -> Option<String> {
    nodes.iter().find(|node| node.name == "Address" && node.is_control()).map(|node| node.text.clone())
}

/// Waits until the form contains that address.
async fn wait_for_address(window: &Window<'_>, address: &str) {
    window.wait(address, |tree| (address_in(&tree.nodes).as_deref() == Some(address)).then_some(())).await;
}

/// The command that the page shows.
async fn command_on(window: &Window<'_>) -> String {
    window
        .wait("a command", |tree| {
            let said = tree.nodes.iter().flat_map(Node::texts);
            said.into_iter().find(|text| text.contains("flatpak remote-add")).map(str::to_owned)
        })
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repository_file_leads_to_setting_it_up_and_to_an_account() {
    let story = Story::begin("20-repository-file", "A file names a repository", Setup::default()).await;
    let session = &story.session;
    remove_repository(session).await;
    let host = session.host();
    let address = session.shop().repository_url().to_string();
    let asked = session.shop().requests().len();
    let screen = session.screen();

    story.step("The file fills the form").await;
    let file = write(session, "shop.flatpakrepo", &repository_file(session));
    open(session, &[&file]);
    let window = screen.window("Usher").await;
    window.says("Add Account").await;
    wait_for_address(&window, &address).await;

    story.step("The repository is not set up, and the page shows the command that does it").await;
    window.press("Continue").await;
    window.says("This repository is not set up yet").await;
    window.says("Demo Store").await;
    let command = command_on(&window).await;
    assert_eq!(command, format!("flatpak remote-add --user --no-authenticator-install --from shop {}", file.display()));
    window.toast_after("Copied", async || window.press("Copy Command").await).await;
    assert_eq!(session.shop().requests().len(), asked, "nobody was contacted");

    story.step("Once it is set up, the page leads on").await;
    session.in_terminal(&["sh", "-c", &command]).end().await.expect_success();
    window.says("This repository is set up").await;
    window.press(&format!("Sign In to {host}")).await;
    window.says("First time at this server").await;
    window.press(&format!("Continue to {host}")).await;
    screen.front().sign_in_on_the_page("demo").await;
    let done = screen.front();
    done.says("Signed In").await;
    assert!(done.ready_switch("Demo Store").await.is_on());
    done.press("Done").await;
    screen.window("Usher").await.find_row(&format!("demo, {host}")).await;

    story.step("Its apps can be installed").await;
    session.flatpak().in_terminal(&["install", "--user", "shop", APP]).answering_yes().end().await.expect_success();

    story.step("Now the file leads to the server at once").await;
    open(session, &[&file]);
    wait_for_address(&window, &address).await;
    window.press("Continue").await;
    window.ready(&format!("Continue to {host}")).await;
    story.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_file_leads_to_its_repository() {
    let story = Story::begin("20-ref-file", "A file names an app", Setup::default()).await;
    let session = &story.session;
    remove_repository(session).await;
    let address = session.shop().repository_url().to_string();
    let content = format!(
        "[Flatpak Ref]\nName={APP}\nTitle=Postcard App\nBranch=stable\nUrl={address}\nSuggestRemoteName=shop\n\
         RuntimeRepo={}other.flatpakrepo\n",
        session.shop().base_url()
    );

    story.step("The page names app and repository").await;
    open(session, &[&write(session, "app.flatpakref", &content)]);
    let screen = session.screen();
    let window = screen.window("Usher").await;
    wait_for_address(&window, &address).await;
    window.press("Continue").await;
    window.says("This repository is not set up yet").await;
    window.row_says("App", "Postcard App").await;

    story.step("The command adds it under the name that was suggested").await;
    session.in_terminal(&["sh", "-c", &command_on(&window).await]).end().await.expect_success();
    window.ready(&format!("Sign In to {}", session.host())).await;
    let remotes = session.flatpak().run(&["remotes", "--user", "--columns=name,url"]).await;
    assert!(remotes.text.contains("shop") && remotes.text.contains(&address), "{}", remotes.text);
    story.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_file_fills_the_form() {
    let story = Story::begin("20-dropped-file", "A file is dropped", Setup::default()).await;
    let session = &story.session;
    let host = session.host();
    let address = session.shop().repository_url().to_string();
    let file = write(session, "shop.flatpakrepo", &repository_file(session));
    let screen = session.screen();

    story.step("A file is dropped onto the field, which does not take it for text").await;
    session.open_usher();
    let window = screen.window("Usher").await;
    window.press("Add Account").await;
    window.fill("Address", "example.org").await;
    session.drop_files(&[&file], &window, "Address").await;
    wait_for_address(&window, &address).await;

    story.step("An address that is typed afterwards counts").await;
    window.fill("Address", &host).await;
    window.press("Continue").await;
    window.ready(&format!("Continue to {host}")).await;
    story.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn g09_odd_files_are_rejected_or_shown_as_plain_text() {
    let story = Story::begin("20-odd-files", "Files that Usher rejects", Setup::default()).await;
    let session = &story.session;
    let shop = session.shop().base_url().to_string();
    let asked = session.shop().requests().len();
    let screen = session.screen();
    session.open_usher();
    let window = screen.window("Usher").await;

    story.step("Files of another kind, or too large").await;
    let large = session.folder().join("home/large.flatpakrepo");
    File::create(&large).and_then(|file| file.set_len(100 << 20)).expect("a large file can be made");
    let pipe = session.folder().join("home/pipe.flatpakrepo");
    let made = session.processes.command("mkfifo").arg(&pipe).status().expect("mkfifo starts");
    assert!(made.success(), "a pipe can be made");
    let endless = session.folder().join("home/endless.flatpakrepo");
    symlink("/dev/zero", &endless).expect("a link can be made");
    let folder = session.folder().join("home/folder.flatpakrepo");
    fs::create_dir(&folder).expect("a folder can be made");
    let key = format!("[Flatpak Repo]\nUrl={shop}repo\nGPGKey=%%%\n");
    // Each message differs from the one before, so that no test reads an old toast.
    for (file, message) in [
        (large, "The file is too large"),
        (write(session, "bytes.flatpakrepo", "\0\u{1}\u{1b}[31m"), "The file holds no repository"),
        (pipe, "The file could not be read"),
        (write(session, "key.flatpakrepo", &key), "The key of the repository is damaged"),
        (endless, "The file could not be read"),
        (
            write(session, "mark.flatpakrepo", "\u{feff}[Flatpak Repo]\nUrl=https://a.example/\n"),
            "The file holds no repository",
        ),
        (write(session, "no.usher", "[Flatpak Repo]\n"), "The file holds no accounts"),
        (folder, "The file could not be read"),
        (
            write(session, "newer.flatpakref", "[Flatpak Ref]\nVersion=2\nUrl=https://a.example/\n"),
            "The file holds no repository",
        ),
        (session.folder().join("home/none.flatpakref"), "The file could not be read"),
    ] {
        open(session, &[&file]);
        window.mentions(message).await;
    }

    story.step("The form shows insecure addresses and refuses them").await;
    let (local, insecure) = ("This is a location on this computer. Enter the address of an account server.", INSECURE);
    for (name, address, said) in [
        ("file", "file:///etc/passwd", local),
        ("smb", "smb://127.0.0.1/share", insecure),
        ("http", "http://a.example/", insecure),
    ] {
        let content = format!("[Flatpak Repo]\nUrl={address}\nTitle=<b>x</b>\nIcon={address}\n");
        open(session, &[&write(session, &format!("{name}.flatpakrepo"), &content)]);
        wait_for_address(&window, address).await;
        window.says(said).await;
        assert!(!window.find(Role::Text, "Address").await.text.is_empty());
    }

    story.step("The last of two addresses counts, and Usher uses nothing else of the file").await;
    let content = format!(
        "[Flatpak Repo]\r\nUrl=file:///first\r\nUrl={shop}second\r\nTitle=<b>Bold</b> \u{202e}\r\nIcon={shop}icon.png\r\n"
    );
    let first = write(session, "windows.flatpakrepo", &content);
    open(session, &[&first, &session.folder().join("home/key.flatpakrepo")]);
    window.mentions("Only the first file was opened").await;
    wait_for_address(&window, &format!("{shop}second")).await;
    window.press("Continue").await;
    window.says("<b>Bold</b>").await;
    window.says("This repository is not set up yet").await;
    assert_eq!(session.shop().requests().len(), asked, "nobody was contacted");
    let opened = |program: &str| !session.processes.of_program(program).is_empty();
    assert!(!opened("flatpak"), "no command was run");
    story.end().await;
}
