// SPDX-License-Identifier: GPL-3.0-or-later
//! One visit of the browser to a server's page, and back to a listener of ours. The listener ends with it (rule R5).

use std::{cell::Cell, time::Duration};

use adw::prelude::*;
use gtk::{gio, glib};
use tokio::sync::oneshot;
use url::Url;
use usher_core::{
    listener::{self, Listener, ListenerPages, OneTimeAddresses},
    redirect::{Parameters, Redirect},
};

use crate::runtime;

/// The server's own last page, if the redirect names one.
type Landing = Box<dyn Fn(&Parameters) -> Option<Url> + Send + Sync>;

/// The way of the browser.
pub(crate) struct Route {
    /// Where it comes back to.
    pub(crate) listener: Listener,
    /// The first page. It holds the state: no program and no clipboard gets it.
    pub(crate) start: Url,
    /// The redirect at its end.
    pub(crate) redirect: Redirect,
    /// What is shown there in place of Usher's last page.
    pub(crate) landing: Landing,
    /// Titles of Usher's last page: after success, and after anything else.
    pub(crate) titles: [String; 2],
    /// How long to wait.
    pub(crate) limit: Duration,
}

/// A visit under way. Dropping it ends it; a browser that has come back by then still hears that it came to nothing.
pub(super) struct Visit {
    addresses: OneTimeAddresses,
    /// Tells the browser whether it is done.
    outcome: Cell<Option<oneshot::Sender<bool>>>,
    listening: glib::JoinHandle<()>,
    noticing: glib::JoinHandle<()>,
    has_come_back: Cell<bool>,
}

impl Visit {
    /// Listens. Calls `ended` with what the browser brings; with `None` if it does not come in time. The process stays
    /// with `hold` until the browser has its last page.
    pub(super) fn begin(
        route: Route,
        hold: Option<gio::ApplicationHoldGuard>,
        ended: impl FnOnce(Option<Parameters>) + 'static,
    ) -> Self {
        let Route { listener, start, redirect, landing, titles, limit } = route;
        let addresses = listener.one_time_addresses(start);
        let (received, parameters) = oneshot::channel();
        let (outcome, known) = oneshot::channel();
        let one_time_addresses = Some(addresses.clone());
        let listening = runtime::spawn(async move {
            let last_page = listener::last_pages(titles);
            let pages = ListenerPages { redirect: &redirect, one_time_addresses, landing: &*landing, last_page };
            let finish = async move |parameters| {
                let _ = received.send(parameters);
                known.await.ok().filter(|is_done| *is_done).ok_or(())
            };
            listener.wait(&pages, limit, finish).await;
        });
        let listening = glib::spawn_future_local(async move {
            let _hold = hold;
            listening.await;
        });
        let noticing = glib::spawn_future_local(async move { ended(parameters.await.ok()) });
        let outcome = Cell::new(Some(outcome));
        Self { addresses, outcome, listening, noticing, has_come_back: Cell::default() }
    }

    /// An address for the person's browser, which leads to the first page once.
    pub(super) fn address(&self) -> Option<String> {
        let address = self.addresses.issue();
        if let Err(error) = &address {
            tracing::warn!(%error, "cannot make an address for the browser");
        }
        address.ok()
    }

    /// The browser has come back: it waits for the outcome.
    pub(super) fn has_come_back(&self) {
        self.has_come_back.set(true);
    }

    /// Tells the browser whether it is done.
    pub(super) fn end(&self, is_done: bool) {
        if let Some(outcome) = self.outcome.take() {
            let _ = outcome.send(is_done);
        }
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        self.noticing.abort();
        if !self.has_come_back.get() {
            self.listening.abort();
        }
    }
}

/// Asks the desktop to open an address in the person's browser: its portal, where Usher is in a sandbox.
pub(super) async fn open(address: &str, parent: &impl IsA<gtk::Widget>) -> Result<(), glib::Error> {
    let window = parent.root().and_downcast::<gtk::Window>();
    gtk::UriLauncher::new(address).launch_future(window.as_ref()).await
}
