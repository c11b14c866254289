// SPDX-License-Identifier: GPL-3.0-or-later
//! Why a call got no answer, read from the errors of the libraries below. Holds no address and no secret.

use std::error::Error as _;

use super::{
    address::{ForbiddenAddress, NoSuchHost},
    proxy::ProxySource,
};

/// What is wrong with a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CertificateFault {
    /// Its validity has ended.
    Expired,
    /// Its validity has not begun.
    NotYetValid,
    /// It belongs to another host.
    OtherHost,
    /// No authority that this computer trusts issued it, or something else is wrong.
    Untrusted,
}

/// What is wrong with the way through a proxy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProxyFault {
    /// It is written in a form that is not understood. Nothing was sent, neither through it nor past it.
    NotUnderstood(ProxySource),
    /// It cannot be reached, or leads nowhere.
    Unreachable,
}

/// Why a call got no answer. No variant says anything about the credential.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HttpError {
    /// No server has this name.
    #[error("no server of this name was found")]
    NoSuchHost,
    /// No connection, or it broke off.
    #[error("the server cannot be reached")]
    Unreachable,
    /// No complete answer within the time limit.
    #[error("the server did not answer in time")]
    TimedOut,
    /// The address must never be contacted (rule R25).
    #[error("the address is not allowed")]
    Forbidden,
    /// The connection is not secure.
    #[error("the connection is not secure: {0:?}")]
    Certificate(CertificateFault),
    /// The way leads through a proxy, and no further.
    #[error("the proxy is no way to the server: {0:?}")]
    Proxy(ProxyFault),
    /// The answer is unusable: a redirect, too long, or not HTTP.
    #[error("the server answered in an unexpected way")]
    Unexpected,
}

/// What an error of the library means.
pub(super) fn classify(error: &reqwest::Error) -> HttpError {
    let mut source = error.source();
    while let Some(cause) = source {
        if cause.is::<ForbiddenAddress>() {
            return HttpError::Forbidden;
        }
        if cause.is::<NoSuchHost>() {
            return HttpError::NoSuchHost;
        }
        if let Some(fault) = certificate_fault(cause) {
            return HttpError::Certificate(fault);
        }
        source = cause.source();
    }
    if error.is_timeout() {
        HttpError::TimedOut
    } else if error.is_decode() || error.is_redirect() {
        HttpError::Unexpected
    } else {
        HttpError::Unreachable
    }
}

fn certificate_fault(cause: &(dyn std::error::Error + 'static)) -> Option<CertificateFault> {
    use rustls::CertificateError as Fault;
    let mut cause = cause;
    // An io::Error hides what it wraps from `source()`.
    while let Some(inner) = cause.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref) {
        cause = inner;
    }
    let rustls::Error::InvalidCertificate(fault) = cause.downcast_ref::<rustls::Error>()? else {
        return None;
    };
    Some(match fault {
        Fault::Expired | Fault::ExpiredContext { .. } => CertificateFault::Expired,
        Fault::NotValidYet | Fault::NotValidYetContext { .. } => CertificateFault::NotYetValid,
        Fault::NotValidForName | Fault::NotValidForNameContext { .. } => CertificateFault::OtherHost,
        _ => CertificateFault::Untrusted,
    })
}
