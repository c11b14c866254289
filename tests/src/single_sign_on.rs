// SPDX-License-Identifier: GPL-3.0-or-later
//! Single sign-on: a browser outside the session, which signs in at the issuer, and what a person does on its pages.
//!
//! [`Setup::single_sign_on`](crate::Setup::single_sign_on) opens the issuer, and a shop that takes its access tokens.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use tempfile::{NamedTempFile, TempPath};
use tokio::process::Command;
use usher_demo_store::DemoIssuer;

use crate::screen::Window;
use crate::session::Session;
use crate::usherctl::BrowserCommand;

/// The path of Usher's redirect.
const CALLBACK: &str = "/io.github.usher/callback";
/// Most redirects in a row.
const REDIRECTS: usize = 20;

/// A browser without scripts, on any device: `curl` with cookies of its own. It follows redirects and fills in the issuer's
/// forms.
#[derive(Debug)]
pub struct IssuerBrowser {
    cookies: TempPath,
}

/// A page that it has come to.
#[derive(Clone, Debug)]
pub struct Page {
    /// Its address.
    pub address: String,
    /// Its text. Empty for a redirect of Usher's that was not followed.
    pub text: String,
}

impl Default for IssuerBrowser {
    fn default() -> Self {
        Self { cookies: NamedTempFile::new().expect("a file for cookies can be made").into_temp_path() }
    }
}

impl IssuerBrowser {
    /// Signs in as `user` from the first page on, allows everything, and follows the redirect. Returns the last page.
    pub async fn sign_in(&self, start: &str, user: &str) -> String {
        let redirect = self.redirect_of_sign_in(start, user).await;
        self.open(&redirect).await.text
    }

    /// The same up to the redirect, which it returns.
    pub async fn redirect_of_sign_in(&self, start: &str, user: &str) -> String {
        let consent = self.sign_in_before_consent(start, user).await;
        self.submit(&consent, "/allow", &[]).await.redirect()
    }

    /// Tries to sign in with a password that is wrong. Returns the page that says so.
    pub async fn refused_sign_in(&self, start: &str, user: &str, password: &str) -> String {
        let login = self.open(start).await;
        self.submit(&login, "/login", &[("user", user), ("password", password)]).await.text
    }

    /// Signs in as `user`, and declines what Usher asks for. Returns the redirect.
    pub async fn redirect_of_refusal(&self, start: &str, user: &str) -> String {
        let consent = self.sign_in_before_consent(start, user).await;
        self.submit(&consent, "/cancel", &[]).await.redirect()
    }

    /// Presses *Cancel* on the first page. Returns the redirect.
    pub async fn redirect_of_cancel(&self, start: &str) -> String {
        let page = self.open(start).await;
        self.submit(&page, "/cancel", &[]).await.redirect()
    }

    /// Types the code of another device on the page for codes, signs in as `user` and allows everything.
    pub async fn enter_code(&self, page: &str, code: &str, user: &str) {
        let confirm = self.type_code(page, code).await;
        let login = self.submit(&confirm, "op.deviceConfirmForm", &[]).await;
        let consent = self.submit(&login, "/login", &[("user", user), ("password", user)]).await;
        let done = self.submit(&consent, "/allow", &[]).await;
        assert!(done.text.contains("Connected"), "{}", done.text);
    }

    /// Types the code of another device, and then presses *Cancel*.
    pub async fn decline_code(&self, page: &str, code: &str) {
        let confirm = self.type_code(page, code).await;
        let done = self.submit(&confirm, "op.deviceConfirmForm", &[("abort", "yes")]).await;
        assert!(done.text.contains("The device was not connected."), "{}", done.text);
    }

    /// Opens an address and follows redirects, but not the one to Usher.
    pub async fn open(&self, address: &str) -> Page {
        self.load(address, &[]).await
    }

    async fn sign_in_before_consent(&self, start: &str, user: &str) -> Page {
        let first = self.open(start).await;
        // The second time it is signed in already.
        let is_known = first.text.contains("Allow Usher?");
        let fields = [("user", user), ("password", user)];
        let consent = if is_known { first } else { self.submit(&first, "/login", &fields).await };
        assert!(consent.text.contains("Allow Usher?"), "{}", consent.text);
        consent
    }

    async fn type_code(&self, page: &str, code: &str) -> Page {
        let page = self.open(page).await;
        let confirm = self.submit(&page, "op.deviceInputForm", &[("user_code", code)]).await;
        assert!(confirm.text.contains(code), "the page repeats the code: {}", confirm.text);
        confirm
    }

    /// Sends the form of a page whose id or address ends so, with these fields beside its hidden ones.
    async fn submit(&self, page: &Page, form: &str, fields: &[(&str, &str)]) -> Page {
        let (action, hidden) = page.form(form);
        let given = fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let is_hidden = |(name, _): &(String, String)| fields.iter().all(|(given, _)| given != name);
        let all: Vec<_> = hidden.into_iter().filter(is_hidden).chain(given).collect();
        self.load(&action, &all).await
    }

    async fn load(&self, address: &str, fields: &[(String, String)]) -> Page {
        let mut address = address.to_owned();
        let mut fields = fields;
        for hop in 0..REDIRECTS {
            if hop > 0 && address.contains(CALLBACK) {
                return Page { address, text: String::new() };
            }
            let (text, redirect) = curl(&self.cookies, &address, fields).await;
            if redirect.is_empty() {
                return Page { address, text };
            }
            (address, fields) = (redirect, &[]);
        }
        panic!("the redirects end; the last is {address}");
    }
}

impl Page {
    /// Its address, which has to be the redirect to Usher.
    fn redirect(self) -> String {
        assert!(self.address.contains(CALLBACK), "{} leads back to Usher: {}", self.address, self.text);
        self.address
    }

    /// Where the form leads whose id or address ends so, and its hidden fields.
    fn form(&self, wanted: &str) -> (String, Vec<(String, String)>) {
        let forms = self.text.split("<form ").skip(1).map(|rest| rest.split("</form>").next().unwrap_or_default());
        let is_wanted = |form: &&str| {
            [attribute(form, "id"), attribute(form, "action")].iter().flatten().any(|value| value.ends_with(wanted))
        };
        let form =
            forms.into_iter().find(is_wanted).unwrap_or_else(|| panic!("a form “{wanted}” is in: {}", self.text));
        let action = attribute(form, "action").expect("a form leads somewhere");
        let origin = self.address.splitn(4, '/').take(3).collect::<Vec<_>>().join("/");
        let action = if action.starts_with('/') { format!("{origin}{action}") } else { action };
        let inputs = form.split("<input").skip(1).filter(|input| attribute(input, "type").as_deref() == Some("hidden"));
        let hidden = inputs.filter_map(|input| Some((attribute(input, "name")?, attribute(input, "value")?)));
        (action, hidden.collect())
    }
}

/// The value of the first attribute of this name.
fn attribute(markup: &str, name: &str) -> Option<String> {
    let value = markup.split_once(&format!("{name}=\""))?.1.split('"').next()?;
    Some(value.replace("&amp;", "&"))
}

/// The answer, and where it redirects.
async fn curl(cookies: &Path, address: &str, fields: &[(String, String)]) -> (String, String) {
    let mut curl = Command::new("curl");
    curl.args(["--silent", "--show-error", "--max-time", "30", "--write-out", "\n%{redirect_url}", "--cookie"]);
    curl.arg(cookies).arg("--cookie-jar").arg(cookies);
    for (name, value) in fields {
        curl.args(["--data-urlencode", &format!("{name}={value}")]);
    }
    let output = curl.arg(address).output().await.expect("curl starts");
    let text = String::from_utf8(output.stdout).expect("a page is text");
    let (page, redirect) = text.rsplit_once('\n').expect("the last line is the redirect");
    (page.to_owned(), redirect.to_owned())
}

impl Window<'_> {
    /// Signs in as `user` on the issuer's pages, which this window shows, and allows everything.
    pub async fn sign_in_at_the_issuer(&self, user: &str) {
        self.sign_in_on_the_page(user).await;
        self.says("Allow Usher?").await;
        self.press_on_the_page("Allow").await;
    }
}

impl Session {
    /// The issuer of a session with single sign-on.
    pub fn issuer(&self) -> &Arc<DemoIssuer> {
        self.issuer_if_any().expect("this session has single sign-on")
    }

    /// The authenticator options of the remote `demo`, which name the issuer.
    pub fn issuer_options(&self) -> HashMap<&'static str, String> {
        let issuer = self.issuer().issuer();
        let (url, provider) = (self.shop().base_url().to_string(), "oauth2".to_owned());
        let (address, client) = (issuer.address.clone(), issuer.client_id.clone());
        HashMap::from([("url", url), ("type", provider), ("issuer", address), ("client-id", client)])
    }

    /// Signs in as `user` at the issuer for the remote `demo`, with `usherctl` and a browser.
    pub async fn sign_in_at_the_issuer(&self, user: &str) {
        let command = BrowserCommand::start(self, &["sign-in", "demo", "--no-browser"]).await;
        IssuerBrowser::default().sign_in(&command.address, user).await;
        let output = command.end().await;
        assert_eq!(output.code, 0, "usherctl signs in: {}", output.stderr);
    }
}
