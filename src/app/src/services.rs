// SPDX-License-Identifier: GPL-3.0-or-later
//! What pages are given to work with: accounts, repositories, apps and notes as they are now, the keyring and HTTP.
//! Nothing is read or contacted before it is used.

use std::{cell::OnceCell, rc::Rc, sync::Arc, time::Duration};

use gtk::{gio, glib, prelude::*};
use usher_core::{
    activity_log::ActivityLog,
    decisions::DecisionFile,
    http::{HttpClient, HttpLimits},
    pending::PendingFile,
    redirect,
    session::Session,
    store::AccountStore,
};

use crate::{
    desktop::GioProxies,
    model::{AccountList, Activity, Apps, Decisions, Network, Notes, OwnInstallation, Repositories, Settings},
    runtime,
};

/// Longest wait for the keyring.
const KEYRING_LIMIT: Duration = Duration::from_secs(30);

/// Cheap to clone.
#[derive(Clone)]
pub(crate) struct Services {
    /// The keyring.
    pub(crate) store: AccountStore,
    /// The accounts at their servers.
    pub(crate) session: Session,
    application: glib::WeakRef<gtk::Application>,
    models: Rc<Models>,
}

/// Each is made when it is first wanted, and follows what it shows from then on.
#[derive(Default)]
struct Models {
    settings: OnceCell<Settings>,
    accounts: OnceCell<AccountList>,
    repositories: OnceCell<Repositories>,
    notes: OnceCell<Notes>,
    decisions: OnceCell<Decisions>,
    activity: OnceCell<Activity>,
    apps: OnceCell<Apps>,
    own_installation: OnceCell<OwnInstallation>,
    network: OnceCell<Network>,
    sign_in_limit: OnceCell<Duration>,
}

impl Services {
    pub(crate) fn new(application: &impl IsA<gtk::Application>) -> Self {
        let store = AccountStore::new(KEYRING_LIMIT).logging_to(ActivityLog::of_user());
        let http = HttpClient::with_desktop(HttpLimits::default(), Arc::new(GioProxies));
        Self {
            session: Session::new(store.clone(), http),
            store,
            application: application.upcast_ref().downgrade(),
            models: Rc::default(),
        }
    }

    /// Connects to the keyring while the toolkit starts, which takes longer. Reads nothing and asks nobody; what may be
    /// wrong with it, its first use tells.
    pub(crate) fn connect_keyring(&self) {
        let store = self.store.clone();
        glib::spawn_future_local(runtime::spawn(async move { store.meet_keyring().await }));
    }

    /// The application that windows belong to.
    pub(crate) fn application(&self) -> Option<gtk::Application> {
        self.application.upgrade()
    }

    /// Keeps the process going while something is seen through, whatever becomes of the windows.
    pub(crate) fn hold(&self) -> Option<gio::ApplicationHoldGuard> {
        self.application().map(|application| application.hold())
    }

    /// Keeps the process going while a renewal is under way, or is not saved (rule R16).
    pub(crate) fn hold_unfinished(&self) {
        let (application, mut unfinished) = (self.application.clone(), self.session.unfinished());
        glib::spawn_future_local(async move {
            while unfinished.wait_for(|unfinished| unfinished.is_any()).await.is_ok() {
                let _held = application.upgrade().map(|application| application.hold());
                if unfinished.wait_for(|unfinished| !unfinished.is_any()).await.is_err() {
                    return;
                }
            }
        });
    }

    /// The person's settings.
    pub(crate) fn settings(&self) -> &Settings {
        self.models.settings.get_or_init(Settings::open)
    }

    /// Longest time for a sign-in.
    pub(crate) fn sign_in_limit(&self) -> Duration {
        *self.models.sign_in_limit.get_or_init(|| redirect::WAIT)
    }

    /// Makes that time shorter, to see what happens then.
    pub(crate) fn limit_sign_ins(&self, limit: Duration) {
        let _ = self.models.sign_in_limit.set(limit.min(redirect::WAIT));
    }

    /// The accounts in the keyring.
    pub(crate) fn accounts(&self) -> &AccountList {
        self.models.accounts.get_or_init(|| AccountList::new(self.store.clone()))
    }

    /// The repositories of this computer that name Usher.
    pub(crate) fn repositories(&self) -> &Repositories {
        self.models.repositories.get_or_init(Repositories::new)
    }

    /// What clients asked for and did not get.
    pub(crate) fn notes(&self) -> &Notes {
        self.models.notes.get_or_init(|| Notes::new(PendingFile::of_session(), self.repositories()))
    }

    /// What the person decided about repositories.
    pub(crate) fn decisions(&self) -> &Decisions {
        self.models.decisions.get_or_init(|| Decisions::new(DecisionFile::of_person()))
    }

    /// What happened.
    pub(crate) fn activity(&self) -> &Activity {
        self.models.activity.get_or_init(|| Activity::new(ActivityLog::of_user()))
    }

    /// What the apps are called, and how they look.
    pub(crate) fn apps(&self) -> &Apps {
        self.models.apps.get_or_init(|| Apps::new(self.repositories()))
    }

    /// Whether this Usher is whole.
    pub(crate) fn own_installation(&self) -> &OwnInstallation {
        self.models.own_installation.get_or_init(OwnInstallation::new)
    }

    /// Whether this computer has a connection.
    pub(crate) fn network(&self) -> &Network {
        self.models.network.get_or_init(Network::new)
    }
}
