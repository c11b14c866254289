// SPDX-License-Identifier: GPL-3.0-or-later
//! Messages that are far larger than anybody needs, to every method that the daemon serves.

use std::sync::Arc;

use usher_tests::raw_bus::{Body, Method, RawPeer};
use usher_tests::{ACCESS, AUTHENTICATOR, Session, Setup};

use crate::client::{Client, Daemon, owner};

const MIB: usize = 1 << 20;
/// More than the daemon needs, and less than a single one of these messages takes.
const MEMORY_LIMIT: u64 = 100 << 10;
const FLATPAK: &str = "/org/freedesktop/Flatpak/Authenticator";
const APPLICATION: &str = "/io/github/usher/Usher/Devel";
const ACCESS_OBJECT: &str = "/io/github/usher/Usher/Devel/Access";
const REQUEST_SIGNATURE: &str = "sa{sv}ssa(ssia{sv})a{sv}s";

/// A call with a large body.
struct Flood {
    method: Method<'static>,
    signature: &'static str,
    body: fn() -> Body,
    /// Whether the method takes no arguments, and so is free to overlook them.
    is_without_arguments: bool,
}

fn to(path: &'static str, interface: &'static str, member: &'static str) -> Method<'static> {
    let destination = if path == ACCESS_OBJECT { ACCESS } else { AUTHENTICATOR };
    Method { destination, path, interface, member }
}

/// A request for tokens: options, refs, and more options of that many bytes.
fn request(options: usize, refs: usize, more: usize) -> Body {
    let body = Body::default().string("flood").settings(options).string("demo").string("https://store.example.org/");
    let body = body.array(8, |mut body| {
        for number in 0..refs / 64 {
            let name = format!("app/a.A{number:06}/x/1");
            body = body.entry().string(&name).string("").number(0).array(8, |body| body);
        }
        body
    });
    body.settings(more).string("")
}

fn strings(size: usize) -> Body {
    Body::default().array(4, |mut body| {
        for _ in 0..size / 16 {
            body = body.string("an address.");
        }
        body
    })
}

fn floods() -> Vec<Flood> {
    let flood = |method, signature, body| Flood { method, signature, body, is_without_arguments: false };
    let careless = |method, body| Flood { method, signature: "a{sv}", body, is_without_arguments: true };
    let requests =
        |body| flood(to(FLATPAK, "org.freedesktop.Flatpak.Authenticator", "RequestRefTokens"), REQUEST_SIGNATURE, body);
    let application =
        |member, signature, body| flood(to(APPLICATION, "org.freedesktop.Application", member), signature, body);
    let access = |member, signature, body| flood(to(ACCESS_OBJECT, "io.github.usher.Access1", member), signature, body);
    let set = |path| {
        let body = || Body::default().string("a.B").string("C").value_of("ay").bytes(60 * MIB);
        flood(to(path, "org.freedesktop.DBus.Properties", "Set"), "ssv", body)
    };
    vec![
        requests(|| request(60 * MIB, 0, 0)),
        requests(|| request(60 * MIB, 0, 60 * MIB)),
        requests(|| request(0, 60 * MIB, 0)),
        requests(|| request(7 * MIB, 64, 0)),
        // Within the size of the largest messages, but not within that of a dictionary.
        requests(|| {
            let body = Body::default().string("flood");
            let body = body.array(8, |body| body.entry().string("url").value_of("ay").bytes(7 * MIB));
            body.string("demo").string("").array(8, |body| body).array(8, |body| body).string("")
        }),
        requests(|| {
            let refs = |body: Body| {
                let body = body.entry().string("app/a.A/x/1").string("").number(0);
                body.array(8, |body| body.entry().string("summary.x").value_of("ay").bytes(7 * MIB))
            };
            let body = Body::default().string("flood").array(8, |body| body).string("demo").string("");
            body.array(8, refs).array(8, |body| body).string("")
        }),
        set(FLATPAK),
        set(APPLICATION),
        set(ACCESS_OBJECT),
        application("Activate", "a{sv}", || Body::default().settings(60 * MIB)),
        application("Open", "asa{sv}", || strings(60 * MIB).array(8, |body| body)),
        application("ActivateAction", "sava{sv}", || {
            let body = Body::default().string("preferences");
            body.array(1, |body| body.value_of("ay").bytes(60 * MIB)).array(8, |body| body)
        }),
        access("Query", "ssas", || {
            let body = Body::default().string("demo").string("https://store.example.org/");
            body.array(4, |mut body| {
                for _ in 0..60 * MIB / 16 {
                    body = body.string("org.a.Aaaaa");
                }
                body
            })
        }),
        access("SignIn", "ssss", || Body::default().string("t").string(&"a".repeat(60 * MIB)).string("").string("")),
        access("Purchase", "sssss", || {
            Body::default().string("t").string("demo").string(&"a".repeat(60 * MIB)).string("").string("")
        }),
        access("Cancel", "s", || Body::default().string(&"a".repeat(60 * MIB))),
        careless(to(ACCESS_OBJECT, "io.github.usher.Access1", "ListAccounts"), || Body::default().settings(60 * MIB)),
        careless(to(FLATPAK, "org.freedesktop.DBus.Introspectable", "Introspect"), || {
            Body::default().settings(60 * MIB)
        }),
        careless(to(FLATPAK, "org.freedesktop.DBus.Peer", "Ping"), || Body::default().settings(60 * MIB)),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn d23_no_message_costs_more_than_its_size_and_other_peers_are_served_meanwhile() {
    let session = Arc::new(Session::start(Setup::without_display()).await);
    session.sign_in_as("demo").await;
    let daemon = Daemon::start(&session, "", &[]).await;
    let mut client = Client::new(&session).await;
    assert_eq!(client.request(&session).await.code, 0);
    for Flood { method, signature, body, is_without_arguments } in floods() {
        let flooding = tokio::task::spawn_blocking({
            let session = session.clone();
            move || RawPeer::on(&session.bus).call(&method, signature, &body())
        });
        assert_eq!(client.request(&session).await.code, 0, "{method:?}");
        let error = flooding.await.expect("the call ends");
        assert!(is_without_arguments || error.is_some(), "{method:?} takes a huge message");
        assert!(daemon.peak() < MEMORY_LIMIT, "{method:?} took {} KiB", daemon.peak());
    }
    assert_eq!(owner(&session).await, daemon.id, "it is still the same daemon");
    assert_eq!(client.request(&session).await.code, 0);
}
