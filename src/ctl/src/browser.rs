// SPDX-License-Identifier: GPL-3.0-or-later
//! Sends a person through a browser and back. The desktop opens the browser, or usherctl prints the address. A listener
//! receives the redirect, or the person pastes the final address.

use std::{collections::HashMap, env, time::Duration};

use clap::Args;
use url::Url;
use usher_core::{
    i18n::gettext,
    listener::{self, Listener, ListenerPages, OneTimeAddresses},
    patience::within,
    provider::RedirectReceiver,
    redirect::{self, Match, Parameters, Redirect},
};
use zbus::zvariant::Value;

use crate::{failure::Failure, hidden, terminal};

/// Longest wait for the desktop to take an address.
const DESKTOP_LIMIT: Duration = Duration::from_secs(10);

#[derive(Args, Debug, Clone, Copy, Default)]
#[group(skip)]
pub(crate) struct Options {
    /// Use a browser, and wait for it to come back to this computer, even over ssh
    #[arg(long, visible_alias = "listen", conflicts_with = "paste")]
    browser: bool,
    /// Print the address instead of opening a browser
    #[arg(long)]
    no_browser: bool,
    /// Ask for the address at which the browser ended, as over ssh, instead of waiting for the browser to come back
    #[arg(long)]
    paste: bool,
}

impl Options {
    /// Whether any of them was given: all are about a browser.
    pub(crate) fn is_named(self) -> bool {
        self.browser || self.no_browser || self.paste
    }

    /// Whether the person wants a browser rather than a code, wherever that is.
    pub(crate) fn wants_browser(self) -> bool {
        self.browser
    }
}

/// How the browser comes back.
pub(crate) enum ReturnMethod {
    /// To a listener.
    Listen {
        listener: Listener,
        /// Whether the desktop may be asked to open a browser.
        opens: bool,
    },
    /// By hand.
    Paste,
}

/// Why the browser did not come back.
pub(crate) enum VisitError {
    /// The browser did not come back in time.
    TooLate,
    /// Anything else.
    Failed(Failure),
}

impl<E: Into<Failure>> From<E> for VisitError {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

/// The pages that a browser visits.
pub(crate) struct BrowserVisit<'a> {
    /// The first page. Its address holds the state.
    pub(crate) start: Url,
    /// The redirect that the browser follows at the end.
    pub(crate) redirect: &'a Redirect,
    /// The server's own last page, if it has one.
    pub(crate) landing: &'a (dyn Fn(&Parameters) -> Option<Url> + Send + Sync),
    /// Titles of Usher's last page: after success, and after an error.
    pub(crate) titles: [String; 2],
}

impl ReturnMethod {
    pub(crate) async fn choose(options: Options) -> Result<Self, Failure> {
        if options.paste || is_over_ssh() && !options.browser {
            return Ok(Self::Paste);
        }
        Ok(Self::Listen { listener: Listener::open().await?, opens: !options.no_browser })
    }

    /// Tells how a redirect comes back.
    pub(crate) fn back(&self) -> RedirectReceiver {
        match self {
            Self::Listen { listener, .. } => RedirectReceiver::Listener(listener.port()),
            Self::Paste => RedirectReceiver::Embedded,
        }
    }

    /// Sends the browser to the first page, and hands the parameters of the redirect to `finish`. The browser's last
    /// page says what came of that.
    pub(crate) async fn visit<T>(
        self,
        visit: BrowserVisit<'_>,
        finish: impl AsyncFnOnce(Parameters) -> Result<T, Failure>,
    ) -> Result<T, VisitError> {
        match self {
            Self::Listen { listener, opens } => listen(listener, opens, visit, finish).await,
            Self::Paste => {
                let parameters = within(redirect::WAIT, paste(&visit)).await.unwrap_or(Err(VisitError::TooLate))?;
                Ok(Box::pin(finish(parameters)).await?)
            }
        }
    }
}

async fn listen<T>(
    listener: Listener,
    opens: bool,
    visit: BrowserVisit<'_>,
    finish: impl AsyncFnOnce(Parameters) -> Result<T, Failure>,
) -> Result<T, VisitError> {
    let BrowserVisit { start, redirect, landing, titles } = visit;
    let one_time_addresses = (opens && has_desktop()).then(|| listener.one_time_addresses(start.clone()));
    let address = one_time_addresses.as_ref().map(OneTimeAddresses::issue).transpose()?;
    let last_page = listener::last_pages(titles);
    let pages = ListenerPages { redirect, one_time_addresses, landing, last_page };
    let mut back = std::pin::pin!(listener.wait(&pages, redirect::WAIT, finish));
    let opened = async {
        match address {
            Some(address) => open(&address).await,
            None => false,
        }
    };
    // The browser may come back before the desktop reports that it opened one.
    let is_open = tokio::select! {
        biased;
        result = &mut back => return Ok(result.ok_or(VisitError::TooLate)??),
        is_open = opened => is_open,
    };
    terminal::say(&if is_open {
        gettext("The page opens in a browser. If nothing appears, open this address:")
    } else {
        gettext("Open this address in a browser:")
    })?;
    terminal::say(start.as_str())?;
    terminal::say(&gettext("Waiting… (Ctrl+C to stop)"))?;
    Ok(back.await.ok_or(VisitError::TooLate)??)
}

async fn paste(visit: &BrowserVisit<'_>) -> Result<Parameters, VisitError> {
    terminal::say(&gettext("Open this address in a browser:"))?;
    terminal::say(visit.start.as_str())?;
    let mut question = gettext(
        "At the end, the browser goes to an address that begins with http://127.0.0.1 and shows no page there. Paste that address (it stays hidden):",
    );
    loop {
        let Some(pasted) = hidden::ask(&question).await? else {
            return Err(Failure::Usage(gettext("No address was pasted.")).into());
        };
        if let Match::Redirect(parameters) = visit.redirect.recognise(pasted.trim()) {
            return Ok(parameters);
        }
        question = gettext("This is not the address that the browser ended at. Paste that address (it stays hidden):");
    }
}

/// Whether the person sits at another computer.
pub(crate) fn is_over_ssh() -> bool {
    ["SSH_CONNECTION", "SSH_TTY"].iter().any(|name| is_set(name))
}

fn is_set(name: &str) -> bool {
    env::var_os(name).is_some_and(|value| !value.is_empty())
}

fn has_desktop() -> bool {
    is_set("WAYLAND_DISPLAY") || is_set("DISPLAY")
}

/// Asks the desktop to open an address, through the portal that all desktops have.
async fn open(address: &str) -> bool {
    let opened = async {
        let connection = zbus::Connection::session().await?;
        let options: HashMap<&str, Value<'_>> = HashMap::new();
        connection
            .call_method(
                Some("org.freedesktop.portal.Desktop"),
                "/org/freedesktop/portal/desktop",
                Some("org.freedesktop.portal.OpenURI"),
                "OpenURI",
                &("", address, options),
            )
            .await
    };
    matches!(within(DESKTOP_LIMIT, opened).await, Ok(Ok(_)))
}
