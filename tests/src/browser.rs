// SPDX-License-Identifier: GPL-3.0-or-later
//! A browser outside the session: `curl`, which sends the shop's forms and follows its redirects.

use tokio::process::Command;

/// Opens `address` and follows its redirects. Returns the page at the end.
pub async fn open(address: &str) -> String {
    curl(address, &[], &["--location"]).await
}

/// Signs in on the page at `address`. Returns the page at the end.
pub async fn sign_in(address: &str, user: &str) -> String {
    // The shop's password for its demo users is their name.
    sign_in_with(address, user, user).await
}

/// The same with this password. If it is wrong, the page at the end says so.
pub async fn sign_in_with(address: &str, user: &str, password: &str) -> String {
    let (page, fields) = sign_in_form(address, user, password);
    curl(&page, &fields, &["--location"]).await
}

/// Buys on the page at `address`. Returns the page at the end.
pub async fn buy(address: &str) -> String {
    let (page, fields) = purchase_form(address);
    curl(&page, &fields, &["--location"]).await
}

/// Follows the link called `link` on the page at `address`. Returns the page at the end.
pub async fn cancel(address: &str, link: &str) -> String {
    let page = open(address).await;
    let before = page.split_once(&format!("\">{link}</a>")).expect("the page has this link").0;
    let leads_to = before.rsplit_once("href=\"").expect("a link has an address").1.replace("&amp;", "&");
    open(&leads_to).await
}

/// Signs in on the page at `address`, without following the redirect. Returns where it leads.
pub async fn redirect_of_sign_in(address: &str, user: &str) -> String {
    let (page, fields) = sign_in_form(address, user, user);
    redirect_of(&page, &fields).await
}

/// Buys on the page at `address`, without following the redirect. Returns where it leads.
pub async fn redirect_of_purchase(address: &str) -> String {
    let (page, fields) = purchase_form(address);
    redirect_of(&page, &fields).await
}

/// Asks for `address` alone. Returns the status of the answer, and where it leads.
pub async fn visit(address: &str) -> (String, String) {
    let answer = curl(address, &[], &["--output", "/dev/null", "--write-out", "%{http_code} %{redirect_url}"]).await;
    let (status, leads_to) = answer.split_once(' ').expect("there is a status");
    (status.to_owned(), leads_to.to_owned())
}

/// The value of a parameter of `address`.
pub fn parameter(address: &str, name: &str) -> String {
    let value = fields_of(address)
        .1
        .into_iter()
        .find_map(|field| Some(field.strip_prefix(name)?.strip_prefix('=')?.to_owned()));
    value.expect("the parameter is there").replace("%3A", ":").replace("%2F", "/")
}

/// The page of an address, and its parameters.
fn fields_of(address: &str) -> (String, Vec<String>) {
    let (page, query) = address.split_once('?').expect("the address has parameters");
    (page.to_owned(), query.split('&').map(str::to_owned).collect())
}

fn sign_in_form(address: &str, user: &str, password: &str) -> (String, Vec<String>) {
    let (page, mut fields) = fields_of(address);
    fields.extend([format!("user={user}"), format!("password={password}")]);
    (page, fields)
}

fn purchase_form(address: &str) -> (String, Vec<String>) {
    let (page, fields) = fields_of(address);
    (format!("{page}/done"), fields)
}

async fn redirect_of(page: &str, fields: &[String]) -> String {
    curl(page, fields, &["--output", "/dev/null", "--write-out", "%{redirect_url}"]).await
}

async fn curl(page: &str, fields: &[String], options: &[&str]) -> String {
    let mut curl = Command::new("curl");
    curl.args(["--silent", "--show-error", "--max-time", "30"]).args(options);
    for field in fields {
        curl.args(["--data", field]);
    }
    let output = curl.arg(page).output().await.expect("curl starts");
    String::from_utf8(output.stdout).expect("a page is text")
}
