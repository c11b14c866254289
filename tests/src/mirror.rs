// SPDX-License-Identifier: GPL-3.0-or-later
//! A mirror of the shop's repository: made with the commands of `docs/mirrors.md`, from the very files that it shows.

use std::collections::BTreeSet;
use std::fs;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::sync::Mutex;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;

use crate::flatpak::Outcome;
use crate::processes::{LIMIT, wait_until};
use crate::session::{AUTHENTICATOR, Session, workspace};

/// Where the example listens.
const LISTENS: &str = "127.0.0.1:8780";

/// The app that the mirror has where the page says `org.example.App`.
const APP: &str = "org.example.Postcard";

/// The folder of a mirror, its port, and the commands of the page.
#[derive(Debug)]
pub struct Mirror {
    folder: PathBuf,
    port: u16,
    // Keeps the port until nginx listens, and afterwards.
    _reserved: TcpSocket,
    commands: Vec<String>,
    used: Mutex<BTreeSet<usize>>,
}

impl Mirror {
    /// The files of the example.
    pub fn example() -> PathBuf {
        workspace().join("docs/examples/mirror")
    }

    /// A mirror of what an account has. It runs.
    pub async fn open(session: &Session) -> Self {
        let mirror = Self::set_up(session).await;
        assert_eq!(mirror.command("usherctl sign-in "), "usherctl sign-in shop");
        session.sign_in_to("shop", "demo").await;
        mirror.fill(session).await;
        mirror.start(session).await;
        mirror
    }

    /// A mirror with the files of the shop's own repository, which has all its apps. It runs.
    pub async fn open_copy(session: &Session) -> Self {
        let mirror = Self::set_up(session).await;
        let files = session.folder().join("shop/repository/repo");
        mirror.run(session, &format!("cp -r '{}' repo", files.display())).await.expect_success();
        mirror.start(session).await;
        mirror
    }

    /// Copies the example to the session's folder, and names the repository and its keys. Only the port is another one.
    async fn set_up(session: &Session) -> Self {
        let reserved = TcpSocket::new_v4().expect("a socket can be made");
        reserved.set_reuseaddr(true).expect("a socket can be set up");
        reserved.bind((Ipv4Addr::LOCALHOST, 0).into()).expect("there is a free port");
        let port = reserved.local_addr().expect("it is bound").port();
        let folder = session.folder().join("mirror");
        fs::create_dir(&folder).expect("a folder can be made");
        let commands = commands(session, &address(port));
        let mirror = Self { folder, port, _reserved: reserved, commands, used: Mutex::default() };
        let source = format!("{}/docs/examples", workspace().display());
        let copy = mirror.command("cp ").replace("docs/examples", &source);
        mirror.run(session, &copy).await.expect_success();
        let conf = mirror.folder.join("nginx.conf");
        let text = fs::read_to_string(&conf).expect("a configuration");
        assert!(text.contains(LISTENS), "it listens at {LISTENS}");
        fs::write(&conf, text.replace(LISTENS, &format!("127.0.0.1:{port}"))).expect("it can be written");
        for start in ["flatpak remote-add ", "curl ", "flatpak remote-modify --user --authenticator-option"] {
            mirror.run(session, &mirror.command(start)).await.expect_success();
        }
        mirror
    }

    /// Fetches the newest versions of its apps.
    pub async fn fill(&self, session: &Session) {
        for start in ["flatpak config ", "flatpak install ", "./fill.sh "] {
            let command = self.command(start).replace("install ", "install --noninteractive ");
            self.run(session, &command).await.expect_success();
        }
    }

    async fn start(&self, session: &Session) {
        self.start_program(session, "checker", &self.command("./checker.py "));
        let nginx = self.command("nginx ");
        // Without this, nginx's workers are another user's than root's, and may not see the session's folder.
        let user = if rustix::process::geteuid().is_root() { " -g 'user root;'" } else { "" };
        self.start_program(session, "nginx", &format!("{nginx}{user}"));
        self.is_up().await;
    }

    fn start_program(&self, session: &Session, name: &str, command: &str) {
        let mut shell = session.processes.command("sh");
        // Debian has nginx in a folder that the search path of people lacks.
        shell.args(["-c", &format!("PATH=$PATH:/usr/sbin && exec {command}")]).current_dir(&self.folder);
        session.processes.start(name, shell);
    }

    /// The address of its repository.
    pub fn address(&self) -> String {
        address(self.port)
    }

    /// The one command of the page that begins so, with the addresses and names of the session in place of the examples.
    pub fn command(&self, start: &str) -> String {
        let mut found = self.commands.iter().enumerate().filter(|(_, command)| command.starts_with(start));
        let (Some((index, command)), None) = (found.next(), found.next()) else {
            panic!("one command of the page begins with “{start}”: {:?}", self.commands)
        };
        self.used.lock().expect("nobody panics with the lock").insert(index);
        command.clone()
    }

    /// The commands of the page that nobody has asked for yet.
    pub fn unused_commands(&self) -> Vec<&String> {
        let used = self.used.lock().expect("nobody panics with the lock");
        let commands = self.commands.iter().enumerate();
        commands.filter(|(index, _)| !used.contains(index)).map(|(_, command)| command).collect()
    }

    /// Runs a command in its folder, and waits until it ends.
    async fn run(&self, session: &Session, command: &str) -> Outcome {
        let command = format!("cd '{}' && {command}", self.folder.display());
        session.in_terminal(&["sh", "-c", &command]).end().await
    }

    /// Waits until the checker and nginx listen.
    async fn is_up(&self) {
        let socket = self.folder.join("checker.socket");
        wait_until("the checker", async || tokio::net::UnixStream::connect(&socket).await.is_ok()).await;
        wait_until("nginx", async || TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).await.is_ok()).await;
    }

    /// Asks for a path exactly as it is spelt here, with these lines in the head of the request. Returns the status.
    pub async fn status(&self, path: &str, head: &[&str]) -> u16 {
        let mut connection = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).await.expect("nginx listens");
        let lines: String = head.iter().flat_map(|line| [*line, "\r\n"]).collect();
        let request = format!("GET {path} HTTP/1.1\r\nHost: mirror\r\nConnection: close\r\n{lines}\r\n");
        connection.write_all(request.as_bytes()).await.expect("nginx reads");
        let mut answer = Vec::new();
        let read = timeout(LIMIT, connection.read_to_end(&mut answer)).await;
        read.expect("nginx answers in time").expect("nginx answers");
        let answer = String::from_utf8_lossy(&answer);
        let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok());
        status.unwrap_or_else(|| panic!("{path} has an answer: {answer}"))
    }

    /// The path of the commit of a ref.
    pub fn commit_path(&self, wanted: &str) -> String {
        let file = self.folder.join("repo/refs/heads").join(wanted);
        let commit = fs::read_to_string(&file).unwrap_or_else(|error| panic!("{wanted} is there: {error}"));
        let (start, rest) = commit.trim().split_at(2);
        format!("/objects/{start}/{rest}.commit")
    }

    /// The paths of its repository below this folder.
    pub fn paths_below(&self, folder: &str) -> Vec<String> {
        let repo = self.folder.join("repo");
        let mut folders = vec![repo.join(folder)];
        let mut paths = Vec::new();
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(&folder).expect("it is there") {
                let path = entry.expect("an entry").path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    let path =
                        path.strip_prefix(&repo).expect("it is in the repository").to_string_lossy().into_owned();
                    paths.push(format!("/{path}"));
                }
            }
        }
        paths.sort();
        paths
    }
}

fn address(port: u16) -> String {
    format!("http://127.0.0.1:{port}/")
}

/// The commands of the page.
fn commands(session: &Session, mirror: &str) -> Vec<String> {
    let text = fs::read_to_string(workspace().join("docs/mirrors.md")).expect("the page is there");
    let blocks = text.split("```sh\n").skip(1).filter_map(|rest| rest.split("```").next());
    let lines: Vec<String> =
        blocks.flat_map(|block| block.replace("\\\n", " ").lines().map(str::to_owned).collect::<Vec<_>>()).collect();
    let (base, repository) = (session.shop().base_url().as_str(), session.shop().repository_url());
    let ours = |line: &String| {
        line.replace("remote-add ", "remote-add --no-gpg-verify ")
            .replace("io.github.usher.Usher", AUTHENTICATOR)
            .replace("https://store.example.org/", base)
            .replace("https://repo.example.org/", repository.as_str())
            .replace("https://mirror.example.org/", mirror)
            .replace("org.example.App", APP)
    };
    let commands: Vec<String> = lines.iter().map(ours).collect();
    assert!(commands.iter().all(|command| !command.contains("https://")), "{commands:?}");
    commands
}
