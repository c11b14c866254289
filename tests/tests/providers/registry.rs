// SPDX-License-Identifier: GPL-3.0-or-later
//! A container registry, whose passwords go to its realm.

use usher_demo_store::{DemoRegistry, RegistryRoute};
use usher_tests::{Session, Setup, Terminal, Window};

use super::{
    kind::{Credential, Kept, Kind, Meets, SignOut},
    shops::enter_password,
};

/// A registry with the remote `acme`.
pub(crate) struct Oci(DemoRegistry);

impl Oci {
    fn password(&self, credential: Credential) -> String {
        match credential {
            Credential::Right => self.0.control().password(Self::USER).expect("a user of the registry"),
            Credential::Wrong => "CANARY wrong".to_owned(),
        }
    }
}

impl Kind for Oci {
    const PROVIDER: &'static str = "oci";
    const REMOTE: &'static str = "acme";
    const APP: &'static str = "org.example.Compass";
    const OPEN_APP: &'static str = "org.example.Almanac";
    // As registries name programs.
    const USER: &'static str = "robot$name";
    const FIRST_FIELD: &'static str = "User Name";
    const FIRST_QUESTION: &'static str = "User name: ";
    const MEETS: Meets = Meets::UsherFirst;

    fn setup(setup: Setup) -> Setup {
        Setup { without_shop: true, ..setup }
    }

    async fn open(session: &Session) -> Self {
        let registry = session.open_registry(Self::REMOTE).await;
        registry.control().set_password(Self::USER, "CANARY first");
        // Until flatpak has read the index, nobody knows which registry it names.
        session.flatpak().run(&["remote-ls", "--user", Self::REMOTE]).await.expect_success();
        Self(registry)
    }

    fn address(&self) -> String {
        self.0.registry_url().to_string()
    }

    fn host(&self) -> String {
        self.0.host()
    }

    async fn enter_in_window(&self, window: &Window<'_>, credential: Credential) {
        window.says(&format!("The password goes to {}.", self.0.realm_host())).await;
        window.fill_in_the_form(Self::USER, &self.password(credential)).await;
    }

    async fn enter_in_terminal(&self, terminal: &Terminal, credential: Credential, before: usize) {
        terminal.wait_for_text(&format!("The password goes to {}.", self.0.realm_host())).await;
        enter_password(terminal, Self::USER, &self.password(credential), before).await;
    }

    fn refusal(&self) -> String {
        "User name or password is wrong".to_owned()
    }

    fn kept(&self) -> Kept {
        Kept::Text(Self::FIRST_FIELD, Self::USER)
    }

    fn let_lapse(&self) {
        self.0.control().set_password(Self::USER, "CANARY second");
    }

    fn go_down(&self) {
        self.0.control().go_down();
    }

    fn come_back(&self) {
        use RegistryRoute::{Base, Blob, Manifest, Token};
        for route in [Base, Manifest, Blob, Token] {
            self.0.control().succeed(route);
        }
    }

    fn sign_out(&self) -> SignOut {
        SignOut::KeepsNone
    }

    fn requests(&self) -> Vec<String> {
        self.0.requests().into_iter().map(|request| request.path).collect()
    }

    fn another_app(&self) -> &'static str {
        self.0.control().open_to_users(&DemoRegistry::repository_of(Self::OPEN_APP));
        Self::OPEN_APP
    }

    async fn publish_updates(&self) {
        for app in [Self::APP, Self::OPEN_APP] {
            self.0.control().publish_update(app).await.expect("an update can be published");
        }
    }
}
