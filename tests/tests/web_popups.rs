// SPDX-License-Identifier: GPL-3.0-or-later
//! What a page opens: the header names the server that has made it, never the one that the person has agreed to.

use serde_json::json;
use usher_demo_store::Reply;
use usher_tests::{Session, Setup, Tree};

const APP: &str = "org.example.Postcard";
/// A form that looks like the approved server's.
const FORM: &str = "<h1>Shop</h1><label>Password <input type=password></label>";

/// A page with a button for each of these scripts.
fn page(title: &str, scripts: &[&str]) -> String {
    let numbered = || scripts.iter().enumerate();
    let buttons: Vec<String> =
        numbered().map(|(n, _)| format!("<button onclick='run[{n}]()'>Open {n}</button>")).collect();
    let run: Vec<String> = numbered().map(|(_, script)| format!("() => {{ {script} }},")).collect();
    let (buttons, run) = (buttons.concat(), run.concat());
    format!(
        "<!doctype html><html lang=en><meta charset=utf-8><title>{title}</title><h1>{title}</h1>{buttons}\
         <script>const markup = `{FORM}`; const run = [{run}];</script>"
    )
}

/// The address that the header shows last: that of the page on top.
fn address(tree: &Tree) -> Option<&str> {
    tree.nodes.iter().filter(|node| node.name.starts_with("Address: ")).map(|node| node.name.as_str()).next_back()
}

#[tokio::test(flavor = "multi_thread")]
async fn w27_a_document_without_a_host_is_shown_under_the_server_that_made_it() {
    // A page reaches nothing unencrypted but the two servers that the person agrees to: the store, and the one that signs in.
    let session = Session::start(Setup { single_sign_on: true, ..Setup::default() }).await;
    let (issuer, evil) = (session.issuer(), session.shop());
    let scripts = [
        "const w = open(''); w.document.write(markup)",
        "const w = open('about:blank'); w.document.body.innerHTML = markup",
        "const w = open('about:blank', 'named'); w.document.open(); w.document.write(markup); w.document.close()",
        "open('javascript:opener.markup')",
        "const a = document.createElement('a'); a.href = 'about:blank'; a.target = '_blank'; a.rel = 'opener'; a.click()",
        "const f = document.createElement('form'); f.action = 'about:blank'; f.target = '_blank'; \
         document.body.append(f); f.submit(); f.remove()",
        "open(URL.createObjectURL(new Blob([markup], {type: 'text/html'})))",
        "open('data:text/html,' + markup)",
    ];
    evil.control().set_page("/evil", Reply::html(&page("Elsewhere", &scripts)));
    let there = format!("{}evil", evil.base_url());
    issuer.fail("sign_in_page", 200, &json!(page("Start", &[&format!("location.href = '{there}'")])));
    session.flatpak().install(APP).end().await;
    let (host, evil_host) = (issuer.host(), session.host());
    let screen = session.screen();
    screen.window(&format!("Sign In to {evil_host}")).await.press(&format!("Continue to {evil_host}")).await;
    let view = screen.front();
    view.press("Open 0").await;
    let opened_by = format!("Now at {evil_host}, opened by {host}");
    view.says("Elsewhere").await;
    view.says(&opened_by).await;
    for (n, script) in scripts.into_iter().enumerate() {
        view.press(&format!("Open {n}")).await;
        let without_address = format!("Address: opened by {evil_host}");
        let is_opened = |tree: &Tree| tree.says(&without_address) || tree.says("Page Cannot Be Shown Here");
        let tree = view.wait(&format!("what script {n} opens"), |tree| is_opened(tree).then(|| tree.clone())).await;
        // What a page writes is shown; where nothing comes, Usher says so.
        let is_written = script.contains("write(") || script.contains("innerHTML");
        let opening = format!("Opening {evil_host}…");
        view.wait(&format!("what script {n} shows"), |tree| {
            let (is_covered, is_refused) = (tree.says(&opening), tree.says("Page Cannot Be Shown Here"));
            let is_right = if is_written { tree.says("Shop") && !is_covered } else { is_covered || is_refused };
            is_right.then_some(())
        })
        .await;
        let shown = address(&tree).unwrap_or_default();
        assert!(shown.contains(&evil_host) && !shown.contains(host), "script {n}: {shown}\n{tree}");
        view.says(&opened_by).await;
        // Escape stops first, then closes.
        screen.key("Escape").await;
        let is_stopped = |tree: &Tree| tree.says("Loading Stopped").then_some(true);
        let is_closed = |tree: &Tree| tree.usable("Open 0").map(|_| false);
        if view.wait("the page that had opened it", |tree| is_stopped(tree).or_else(|| is_closed(tree))).await {
            screen.key("Escape").await;
        }
        view.ready("Open 0").await;
    }
}
