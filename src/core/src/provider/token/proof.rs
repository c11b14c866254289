// SPDX-License-Identifier: GPL-3.0-or-later
//! Whether a repository accepts a token. Only files that nobody gets without one tell that it does; that it does not, any
//! file may tell.

use std::collections::BTreeSet;

use reqwest::header::WWW_AUTHENTICATE;
use url::Url;

use super::covers;
use crate::{
    ask::Ask,
    credential::Token,
    http::{HttpClient, HttpError, HttpResponse},
    provider::{Acceptance, wire::jwt},
    service::ServiceUrl,
};

/// How many apps to ask for at most: a token for a few of them is refused for the others.
const APPS: usize = 8;
/// The file that every repository has (`ostree-repo(5)`).
const CONFIG: &str = "config";
/// The length of a checksum.
const CHECKSUM: usize = 64;

/// Whether there is a repository, be it open or not.
pub(super) async fn is_repository(http: &HttpClient, service: &ServiceUrl) -> Result<bool, HttpError> {
    let Ok(config) = service.join(CONFIG) else { return Ok(false) };
    let answer = Answer::of(&http.head(&config).page_head().await?)?;
    Ok(matches!(answer, Answer::Given | Answer::Refused { .. }))
}

/// Asks a repository for commits of apps that need a token, first of all for those that the token says to be for. Where
/// no commit tells, asks for the configuration: flat-manager refuses a token that is wrong whatever it is sent for.
pub(super) async fn ask(
    http: &HttpClient,
    service: &ServiceUrl,
    token: &Token,
    samples: &[Ask],
) -> Result<Acceptance, HttpError> {
    let mut refused = None;
    for url in commits(service, token, samples) {
        match ask_for(http, &url, token).await? {
            Acceptance::Accepted => return Ok(Acceptance::Accepted),
            Acceptance::Refused { is_final } => refused = Some(is_final || refused == Some(true)),
            Acceptance::Unknown => {}
        }
    }
    match (refused, service.join(CONFIG)) {
        (Some(is_final), _) => Ok(Acceptance::Refused { is_final }),
        (None, Ok(config)) => ask_for(http, &config, token).await,
        (None, Err(_)) => Ok(Acceptance::Unknown),
    }
}

/// The addresses of commits that the token may open, one for each app.
fn commits(service: &ServiceUrl, token: &Token, samples: &[Ask]) -> Vec<Url> {
    let prefixes = jwt::prefixes(token.expose());
    let mut seen = BTreeSet::new();
    let fitting = samples.iter().filter(|ask| prefixes.as_ref().is_none_or(|prefixes| covers(prefixes, ask)));
    let firsts = fitting.filter(|ask| seen.insert(ask.app_id()));
    firsts.filter_map(|ask| commit(service, ask.commit.as_deref()?)).take(APPS).collect()
}

fn commit(service: &ServiceUrl, checksum: &str) -> Option<Url> {
    let is_checksum = checksum.len() == CHECKSUM && checksum.bytes().all(|byte| byte.is_ascii_hexdigit());
    let (folder, file) = checksum.split_at_checked(2).filter(|_| is_checksum)?;
    service.join(&format!("objects/{folder}/{file}.commit")).ok()
}

/// Asks for one file with the token, and without it where anybody may get it.
async fn ask_for(http: &HttpClient, url: &Url, token: &Token) -> Result<Acceptance, HttpError> {
    let with = Answer::of(&http.head(url).bearer(token).page_head().await?)?;
    match with {
        Answer::Refused { is_final } => return Ok(Acceptance::Refused { is_final }),
        Answer::Other => return Ok(Acceptance::Unknown),
        Answer::Given => {}
    }
    let without = Answer::of(&http.head(url).page_head().await?)?;
    Ok(if matches!(without, Answer::Refused { .. }) { Acceptance::Accepted } else { Acceptance::Unknown })
}

/// What a repository answers for a file.
enum Answer {
    Given,
    Refused {
        is_final: bool,
    },
    /// It is not there, or lies elsewhere.
    Other,
}

impl Answer {
    /// Fails if the repository cannot answer now.
    fn of(answer: &HttpResponse) -> Result<Self, HttpError> {
        Ok(match answer.status {
            200..=299 => Self::Given,
            401 | 403 => Self::Refused { is_final: answer.status == 401 && is_own_word(answer) },
            429 | 500..=599 => return Err(HttpError::Unexpected),
            _ => Self::Other,
        })
    }
}

/// Whether the repository itself refuses, not a page in its place (rule R13).
fn is_own_word(answer: &HttpResponse) -> bool {
    answer.is_json() || answer.headers.contains_key(WWW_AUTHENTICATE)
}
