// SPDX-License-Identifier: GPL-3.0-or-later
//! An encrypted connection in front of the shop. Under a name it is what a person has at home, and no test on this computer's
//! own network: `build-aux/picture` makes a network in which the name leads here, and the certificate. At a port of this
//! computer it has a certificate of an authority that is made for it.

use std::env;
use std::io;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::Command;
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
pub struct SecureFront {
    _connections: JoinSet<()>,
}

/// Where such a connection comes in, before there is a shop behind it.
#[derive(Debug)]
pub struct SecurePort(TcpListener);

impl SecurePort {
    /// Takes a free port.
    pub async fn open() -> Self {
        Self(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port is free"))
    }

    /// Its address.
    pub fn url(&self) -> reqwest::Url {
        let address = self.0.local_addr().expect("a listener has an address");
        format!("https://{address}/").parse().expect("this is an address")
    }

    /// Passes everything on to the shop at `shop_port`, with the certificate of `authority`.
    pub fn lead_to(self, shop_port: u16, authority: &Authority) -> SecureFront {
        SecureFront::at(self.0, shop_port, &authority.0)
    }
}

/// An authority that nobody trusts who is not told to, and a certificate of it for this computer.
#[derive(Debug)]
pub struct Authority(PathBuf);

impl Authority {
    /// Makes both in `folder`.
    pub fn make(folder: &Path) -> Self {
        let key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1";
        let script = format!(
            "openssl req -x509 {key} -subj '/CN=Made for one run' -keyout ca.key -out ca.crt &&
             openssl req -x509 {key} -subj /CN=127.0.0.1 -CA ca.crt -CAkey ca.key -addext subjectAltName=IP:127.0.0.1 \
                 -addext basicConstraints=critical,CA:false -addext extendedKeyUsage=serverAuth \
                 -keyout shop.key -out shop.crt"
        );
        let made = Command::new("sh").args(["-c", &script]).current_dir(folder).output().expect("a shell starts");
        assert!(made.status.success(), "openssl makes certificates: {}", String::from_utf8_lossy(&made.stderr));
        Self(folder.to_owned())
    }

    /// The file with its own certificate, which the variable `SSL_CERT_FILE` may name.
    pub fn certificate(&self) -> PathBuf {
        self.0.join("ca.crt")
    }
}

impl SecureFront {
    /// Opens it in front of the shop at `shop_port`, under the shop's name.
    pub(crate) async fn open(shop_port: u16) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, PORT)).await;
        let listener = listener.expect("build-aux/picture makes a network in which this port can be taken");
        let folder = env::var_os(CERTIFICATE).map(PathBuf::from).expect("build-aux/picture makes a certificate");
        Self::at(listener, shop_port, &folder)
    }

    fn at(listener: TcpListener, shop_port: u16, certificate: &Path) -> Self {
        let acceptor = TlsAcceptor::from(Arc::new(configuration(certificate)));
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

/// With the certificate in a folder.
fn configuration(folder: &Path) -> ServerConfig {
    let certificate = CertificateDer::from_pem_file(folder.join("shop.crt")).expect("the shop has a certificate");
    let key = PrivateKeyDer::from_pem_file(folder.join("shop.key")).expect("the shop has a key");
    ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("the provider knows the usual versions")
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .expect("the key belongs to the certificate")
}
