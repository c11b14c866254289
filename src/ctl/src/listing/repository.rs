// SPDX-License-Identifier: GPL-3.0-or-later
//! Fetches the list of a repository as flatpak does: the index and from it the list for this computer, or the one list for
//! all where there is no index. Takes nothing that is not signed where flatpak would not.

use std::{io::Read, time::Duration};

use flate2::read::MultiGzDecoder;
use url::Url;
use usher_core::{
    credential::Token,
    http::{HttpClient, HttpError, HttpLimits},
    remote::{self, Checksum, ListSource, own_architecture},
    service::RemoteUrl,
};

use super::signature;

/// How much time and memory a file may take. Flathub's largest have a tenth of it.
const LIMITS: HttpLimits = HttpLimits { time: Duration::from_secs(120), body: 64 << 20 };

/// Why there is no list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fault {
    Http(HttpError),
    /// The repository wants a token, or another one.
    Refused,
    Missing,
    /// It should be signed.
    NotSigned,
    /// Nobody who may sign it has signed this.
    WrongSignature,
    /// It is not what the index names, or cannot be read.
    Damaged,
    /// The index names no list for this computer.
    OtherComputers,
}

impl From<HttpError> for Fault {
    fn from(error: HttpError) -> Self {
        Self::Http(error)
    }
}

/// The files of a repository, with a token or without.
pub(super) struct Repository<'a> {
    http: HttpClient,
    address: &'a RemoteUrl,
    token: Option<&'a Token>,
}

impl<'a> Repository<'a> {
    /// The token goes to this address and to what is below it.
    pub(super) fn new(http: &HttpClient, address: &'a RemoteUrl, token: Option<&'a Token>) -> Self {
        Self { http: http.with_limits(LIMITS), address, token }
    }

    /// Reads a file.
    pub(super) async fn file(&self, path: &str) -> Result<Vec<u8>, Fault> {
        self.read(&self.address.file(path).map_err(|_| Fault::Damaged)?).await
    }

    async fn read(&self, url: &Url) -> Result<Vec<u8>, Fault> {
        let request = self.http.get(url).accept("*/*");
        let answer = match self.token {
            Some(token) => request.bearer(token),
            None => request,
        };
        let answer = answer.send().await?;
        match answer.status {
            200 => Ok(answer.body),
            401 | 403 => Err(Fault::Refused),
            404 | 410 => Err(Fault::Missing),
            _ => Err(HttpError::Unexpected.into()),
        }
    }

    /// The list for this computer, unpacked.
    pub(super) async fn list(&self, source: &ListSource) -> Result<Vec<u8>, Fault> {
        let index = match self.file("summary.idx").await {
            Err(Fault::Missing) => return self.list_for_all(source).await,
            index => index?,
        };
        if source.is_signed {
            let digest = Checksum::of(&index);
            let signatures = match self.file(&format!("summaries/{digest}.idx.sig")).await {
                Err(Fault::Missing) => self.signatures("summary.idx.sig").await?,
                signatures => signatures?,
            };
            check(&index, &signatures, source)?;
        }
        let list = source.list_in(&index, own_architecture()).ok_or(Fault::OtherComputers)?;
        let packed = self.file(&format!("summaries/{list}.gz")).await?;
        unpacked(&packed).filter(|unpacked| Checksum::of(unpacked) == list).ok_or(Fault::Damaged)
    }

    async fn list_for_all(&self, source: &ListSource) -> Result<Vec<u8>, Fault> {
        let list = self.file("summary").await?;
        if source.is_signed {
            check(&list, &self.signatures("summary.sig").await?, source)?;
        }
        Ok(list)
    }

    async fn signatures(&self, path: &str) -> Result<Vec<u8>, Fault> {
        self.file(path).await.map_err(|fault| if fault == Fault::Missing { Fault::NotSigned } else { fault })
    }

    /// The index of a container registry, as flatpak asks for it.
    pub(super) async fn registry_index(&self, tag: &str) -> Result<Vec<u8>, Fault> {
        let mut url = self.address.file("index/static").map_err(|_| Fault::Damaged)?;
        url.query_pairs_mut()
            .append_pair("label:org.flatpak.ref:exists", "1")
            .append_pair("architecture", registry_architecture())
            .append_pair("os", "linux")
            .append_pair("tag", tag);
        self.read(&url).await
    }
}

/// This computer's architecture as container registries call it.
fn registry_architecture() -> &'static str {
    match own_architecture() {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        "i386" => "386",
        other => other,
    }
}

fn check(data: &[u8], signatures: &[u8], source: &ListSource) -> Result<(), Fault> {
    let signatures = remote::signatures(signatures);
    if signatures.is_empty() {
        return Err(Fault::NotSigned);
    }
    signature::is_good(data, &signatures, &source.keys).then_some(()).ok_or(Fault::WrongSignature)
}

fn unpacked(packed: &[u8]) -> Option<Vec<u8>> {
    let mut unpacked = Vec::new();
    let most = u64::try_from(LIMITS.body).ok()?;
    MultiGzDecoder::new(packed).take(most + 1).read_to_end(&mut unpacked).ok()?;
    (unpacked.len() <= LIMITS.body).then_some(unpacked)
}
