// SPDX-License-Identifier: GPL-3.0-or-later
//! What a token that is soundly signed says it is for, as flat-manager and Flathub write it.

use serde_json::{Map, Value};

use super::Fault;
use crate::{
    provider::wire::jwt,
    refs::{FlatpakRef, RefKind},
};

/// How far the clocks of two computers may differ, in seconds.
const LEEWAY: i64 = 60;
/// The scope of download tokens.
const DOWNLOAD: &str = "download";

type Claims = Map<String, Value>;

/// What is wrong with a token with these claims for a ref of the repository with this name.
pub(super) fn check(claims: &Claims, wanted: &FlatpakRef, repository: Option<&str>, now: i64) -> Result<(), Fault> {
    check_time(claims, now)?;
    check_purpose(claims)?;
    if !admits(&list(claims, "repos")?, repository) {
        return Err(Fault::OtherRepository);
    }
    if !admits(&list(claims, "branches")?, Some(wanted.branch())) {
        return Err(Fault::OtherBranch);
    }
    if covers(claims, wanted)? { Ok(()) } else { Err(Fault::OtherApp) }
}

fn check_time(claims: &Claims, now: i64) -> Result<(), Fault> {
    let end = seconds(claims, "exp")?.ok_or(Fault::Malformed)?;
    if end.saturating_add(LEEWAY) < now {
        return Err(Fault::Expired);
    }
    match seconds(claims, "nbf")? {
        Some(beginning) if beginning > now.saturating_add(LEEWAY) => Err(Fault::NotYetValid),
        _ => Ok(()),
    }
}

/// Keeps out tokens that the same key has signed for something else, such as uploads or a sign-in.
fn check_purpose(claims: &Claims) -> Result<(), Fault> {
    if !claims.get("sub").is_some_and(Value::is_string) {
        return Err(Fault::Malformed);
    }
    let is_for_downloads = match claims.get("scope") {
        None => true,
        Some(Value::String(scopes)) => scopes.split_whitespace().any(|scope| scope == DOWNLOAD),
        Some(_) => {
            let scopes = list(claims, "scope")?;
            scopes.is_empty() || scopes.contains(&DOWNLOAD)
        }
    };
    let names_apps = claims.contains_key("prefixes") || claims.contains_key("apps");
    if is_for_downloads && names_apps { Ok(()) } else { Err(Fault::OtherPurpose) }
}

/// Whether the token covers the ref. A token without prefixes covers the ids that it lists; flat-manager does not look at
/// that list then, and takes it for everything.
fn covers(claims: &Claims, wanted: &FlatpakRef) -> Result<bool, Fault> {
    let is_for_apps_alone = match claims.get("token_type") {
        None | Some(Value::Null) => false,
        Some(Value::String(kind)) => kind == RefKind::App.as_str(),
        Some(_) => return Err(Fault::Malformed),
    };
    if is_for_apps_alone && wanted.kind() != RefKind::App {
        return Ok(false);
    }
    let (prefixes, apps) = (list(claims, "prefixes")?, list(claims, "apps")?);
    let is_listed = apps.iter().any(|app| *app == wanted.id() || *app == wanted.app_id());
    if prefixes.is_empty() && !apps.is_empty() {
        return Ok(is_listed);
    }
    Ok(is_listed || jwt::covers(&prefixes, wanted.id()))
}

/// Whether a list of names admits this one. An empty list, or an empty name in it, admits all.
fn admits(names: &[&str], name: Option<&str>) -> bool {
    names.is_empty() || names.contains(&"") || name.is_some_and(|name| names.contains(&name))
}

/// A list of texts; empty if it is missing.
fn list<'c>(claims: &'c Claims, name: &str) -> Result<Vec<&'c str>, Fault> {
    let Some(value) = claims.get(name) else { return Ok(Vec::new()) };
    let texts: Option<Vec<&str>> = value.as_array().and_then(|list| list.iter().map(Value::as_str).collect());
    texts.ok_or(Fault::Malformed)
}

/// A time in whole seconds since 1970.
fn seconds(claims: &Claims, name: &str) -> Result<Option<i64>, Fault> {
    let Some(value) = claims.get(name) else { return Ok(None) };
    let number = value.as_number().ok_or(Fault::Malformed)?;
    // A float beyond the range saturates.
    #[allow(clippy::cast_possible_truncation)]
    let whole = number.as_i64().or_else(|| number.as_f64().map(|seconds| seconds as i64));
    whole.map(Some).ok_or(Fault::Malformed)
}
