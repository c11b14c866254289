// SPDX-License-Identifier: GPL-3.0-or-later
//! `usherctl` with an account at a container registry: every command says what is true of one.

use usher_demo_store::{DemoRegistry, Failure, RegistryAuthentication, RegistryRoute};
use usher_tests::{AUTHENTICATOR, Session, Setup};

const APP: &str = "org.example.Compass";
const OPEN_APP: &str = "org.example.Almanac";

async fn without_remote(authentication: RegistryAuthentication) -> (Session, DemoRegistry) {
    let session = Session::start(Setup { without_shop: true, ..Setup::without_display() }).await;
    let registry = session.start_registry("acme", authentication).await;
    (session, registry)
}

/// A session with the remote `acme`, whose index flatpak has read.
async fn session() -> (Session, DemoRegistry) {
    let (session, registry) = without_remote(RegistryAuthentication::Tokens).await;
    session.add_registry(&registry, "acme", Some(AUTHENTICATOR)).await;
    session.flatpak().run(&["remote-ls", "--user", "acme"]).await.expect_success();
    (session, registry)
}

fn arguments<'a>(server: &'a str, user: &'a str) -> [&'a str; 5] {
    ["sign-in", server, "--user", user, "--password-stdin"]
}

#[tokio::test(flavor = "multi_thread")]
async fn u23_signing_in_to_a_registry_names_who_gets_the_password_and_is_enough_to_install() {
    let (session, registry) = session().await;
    let (host, realm) = (registry.host(), registry.realm_host());
    let password = registry.control().password("robot$name").expect("the robot is a user");
    let wrong = session.usherctl_with_password(&arguments("acme", "robot$name"), "CANARY wrong");
    assert_eq!(wrong.code, 1, "{wrong:?}");
    assert!(wrong.stderr.ends_with("Not signed in. User name or password is wrong.\n"), "{wrong:?}");

    let output = session.usherctl_with_password(&arguments("acme", "robot$name"), &password);
    assert_eq!(output.code, 0, "{output:?}");
    assert_ne!(host, realm);
    assert_eq!(output.stderr, format!("The password goes to {realm}.\n"));
    let said = format!("Signed in to {host} as robot$name.\n“acme” may use the account of robot$name at {host}.\n");
    assert_eq!(output.stdout, said);
    session.flatpak().run(&["install", "--user", "--noninteractive", "acme", APP]).await.expect_success();
}

#[tokio::test(flavor = "multi_thread")]
async fn u23_every_command_is_true_of_an_account_at_a_registry() {
    let (session, registry) = session().await;
    let host = registry.host();
    registry.control().open_to(&DemoRegistry::repository_of(APP), &["robot$name"]);
    let query = session.usherctl(&["query", "acme", APP, OPEN_APP]).await;
    assert_eq!(query.code, 3, "{query:?}");
    assert!(query.stdout.contains("Account needed") && query.stdout.contains("Free"), "{query:?}");

    session.sign_in_to_registry("acme", &registry, "demo").await;
    let list = session.usherctl(&["list"]).await.expect_success().stdout.clone();
    let row: Vec<_> = list.lines().nth(1).expect("the account is listed").split_whitespace().collect();
    assert_eq!(row, ["demo", host.as_str(), "Signed", "in", "acme"]);
    let status = session.usherctl(&["status"]).await.expect_success().stdout.clone();
    assert!(status.contains("\n  Sign-in: ") && !status.contains("Purchases"), "{status}");

    let query = session.usherctl(&["query", "acme", APP, OPEN_APP]).await;
    assert_eq!(query.code, 4, "{query:?}");
    assert!(query.stdout.contains(&format!("{OPEN_APP}  Free")), "{query:?}");
    assert!(query.stdout.contains(&format!("{APP}  Not owned")), "{query:?}");
    let unseen = session.usherctl(&["query", "acme", "org.example.Missing"]).await;
    let said = "“org.example.Missing” is not in what flatpak has read of “acme”. Run “flatpak remote-ls acme”, then try again.\n";
    assert_eq!((unseen.code, unseen.stderr.as_str()), (1, said), "{unseen:?}");

    let buy = session.usherctl(&["buy", "acme", APP]).await;
    let said = format!("{host} sells nothing, and demo has no access to “{APP}” there.\n");
    assert_eq!((buy.code, buy.stderr.as_str()), (4, said.as_str()), "{buy:?}");
    let refused = session.flatpak().run(&["install", "--user", "--noninteractive", "acme", APP]).await;
    refused.expect_refusal(&format!("No access. {host} does not offer “{APP}” to demo."));
    registry.control().open_to_users(&DemoRegistry::repository_of(APP));
    let buy = session.usherctl(&["buy", "acme", APP]).await;
    assert!(buy.stdout.starts_with("The account already has access. Now run: "), "{buy:?}");

    let doctor = session.usherctl(&["doctor"]).await.stdout;
    assert!(doctor.contains("acme: all good"), "{doctor}");
    assert_eq!(session.usherctl(&["purchases"]).await.expect_success().stdout, "No purchases.\n");
    session.usherctl(&["rename", &host, "Work"]).await.expect_success();
    session.usherctl(&["revoke", "acme"]).await.expect_success();
    session.usherctl(&["allow", "acme"]).await.expect_success();

    let file = session.folder().join("Accounts.usher").display().to_string();
    session.usherctl(&["export", &file]).await.expect_success();
    let remove = ["remote-delete", "--user", "--force", "acme"];
    session.flatpak().run(&remove).await.expect_success();
    let import = session.usherctl(&["import", &file]).await.expect_success().stdout.clone();
    assert!(import.contains(&registry.remote_url()) && !import.contains("type="), "{import}");

    let out = session.usherctl(&["sign-out", &host]).await.expect_success().stdout.clone();
    assert_eq!(out, format!("Signed out on this computer. {host} keeps no sign-ins to end.\n"));
    session.usherctl(&["remove", &host, "--yes"]).await.expect_success();
    assert!(session.keyring().items().await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn u22_a_typed_registry_is_asked_what_it_is() {
    let (session, registry) = without_remote(RegistryAuthentication::Tokens).await;
    let address = format!("http://{}", registry.host());
    registry.control().go_down();
    let output = session.usherctl_with_password(&arguments(&address, "demo"), "demo");
    assert_eq!(output.code, 6, "{output:?}");
    assert!(output.stderr.starts_with(&format!("{} cannot be reached.", registry.host())), "{output:?}");
    registry.control().reset();
    let output = session.usherctl_with_password(&arguments(&address, "demo"), "demo");
    assert_eq!(output.code, 0, "{output:?}");
    let list = session.usherctl(&["list", "--json"]).await.stdout;
    assert!(list.contains("\"provider\": \"oci\""), "{list}");

    // Its kind can be said, too; what it is not is said by the server.
    let kind = ["sign-in", &address, "--type", "oci", "--user", "robot$name", "--password-stdin"];
    let password = registry.control().password("robot$name").expect("the robot is a user");
    assert_eq!(session.usherctl_with_password(&kind, &password).code, 0);
    assert_eq!(session.usherctl(&["sign-in", &address, "--type", "nonsense"]).await.code, 2);

    // The token server fails while somebody signs in.
    registry.control().fail(RegistryRoute::Token, Failure::Reset);
    let output = session.usherctl_with_password(&arguments(&format!("demo@{}", registry.host()), "demo"), "demo");
    assert_eq!(output.code, 6, "{output:?}");
    assert!(output.stderr.contains(&format!("{} cannot be reached.", registry.realm_host())), "{output:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn u23_a_registry_with_passwords_alone_is_said_to_be_of_no_use() {
    let (session, registry) = without_remote(RegistryAuthentication::Basic).await;
    session.add_registry(&registry, "acme", Some(AUTHENTICATOR)).await;
    session.flatpak().run(&["remote-ls", "--user", "acme"]).await.expect_success();
    let output = session.usherctl_with_password(&arguments("acme", "demo"), "demo");
    let said = format!("{} offers only a way of signing in that flatpak cannot use.\n", registry.host());
    assert_eq!((output.code, output.stdout.as_str(), output.stderr.as_str()), (1, "", said.as_str()));
}

#[tokio::test(flavor = "multi_thread")]
async fn u23_a_registry_whose_index_flatpak_has_not_read_is_no_mistake_in_its_options() {
    let (session, registry) = without_remote(RegistryAuthentication::Tokens).await;
    session.add_registry(&registry, "acme", Some(AUTHENTICATOR)).await;
    let output = session.usherctl_with_password(&arguments("acme", "demo"), "demo");
    let said = "flatpak has not looked at “acme” yet, so Usher does not know its container registry. Run “flatpak remote-ls acme”, then try again.\n";
    assert_eq!((output.code, output.stderr.as_str()), (2, said));
}
