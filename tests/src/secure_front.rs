// SPDX-License-Identifier: GPL-3.0-or-later
//! An encrypted connection in front of the shop, under a name: what a person has at home, and no test on this computer's
//! own network. `build-aux/picture` makes a network in which the name leads here, and the certificate.

use std::env;
use std::io;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

/// The shop's name.
const HOST: &str = "store.example.org";
/// The port of an encrypted connection if its address names none.
const PORT: u16 = 443;
/// The variable that names the folder with `shop.crt` and `shop.key`.
const CERTIFICATE: &str = "USHER_SHOP_CERTIFICATE";

/// Where the shop is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ShopAddress {
    /// At a port on this computer, unencrypted.
    #[default]
    ThisComputer,
    /// At <https://store.example.org>, for a release. Only `build-aux/picture` makes a network with that name.
    Named,
}

/// The shop's address.
pub(crate) fn address() -> reqwest::Url {
    format!("https://{HOST}/").parse().expect("this is an address")
}

/// Passes everything on to the shop, until it is dropped.
#[derive(Debug)]
pub(crate) struct SecureFront {
    _connections: JoinSet<()>,
}

impl SecureFront {
    /// Opens it in front of the shop at `shop_port`.
    pub(crate) async fn open(shop_port: u16) -> Self {
        let acceptor = TlsAcceptor::from(Arc::new(configuration()));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, PORT)).await;
        let listener = listener.expect("build-aux/picture makes a network in which this port can be taken");
        let mut connections = JoinSet::new();
        connections.spawn(async move {
            let mut open = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let acceptor = acceptor.clone();
                // A connection that breaks off concerns its two ends alone.
                open.spawn(async move { drop(pass_on(stream, &acceptor, shop_port).await) });
            }
        });
        Self { _connections: connections }
    }
}

async fn pass_on(stream: TcpStream, acceptor: &TlsAcceptor, shop_port: u16) -> io::Result<()> {
    let mut outside = acceptor.accept(stream).await?;
    let mut shop = TcpStream::connect((Ipv4Addr::LOCALHOST, shop_port)).await?;
    copy_bidirectional(&mut outside, &mut shop).await.map(drop)
}

fn configuration() -> ServerConfig {
    let folder = env::var_os(CERTIFICATE).map(PathBuf::from).expect("build-aux/picture makes a certificate");
    let certificate = CertificateDer::from_pem_file(folder.join("shop.crt")).expect("the shop has a certificate");
    let key = PrivateKeyDer::from_pem_file(folder.join("shop.key")).expect("the shop has a key");
    ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("the provider knows the usual versions")
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .expect("the key belongs to the certificate")
}
