// SPDX-License-Identifier: GPL-3.0-or-later
//! The details of a call to `io.github.usher.Prompter1`. No secret is in them.

use std::collections::HashMap;

use usher_core::{binding::option, prompt::detail, service};
use zbus::zvariant::Value;

use crate::flow::{Question, Wanted};

/// What the window process is told of a question.
pub(super) fn details(question: &Question) -> HashMap<&'static str, Value<'_>> {
    let mut binding: HashMap<String, String> = question.ground.binding.options().into_iter().collect();
    if service::is_registry(&question.ground.remote_uri) {
        // No option names the registry: the index does.
        binding.insert(option::URL.to_owned(), question.ground.binding.service.as_str().to_owned());
    }
    let app_ids: Vec<&str> = question.app_ids.iter().map(String::as_str).collect();
    let mut details = HashMap::from([
        (detail::BINDING, Value::from(binding)),
        (detail::REMOTE, question.ground.remote.as_str().into()),
        (detail::REMOTE_URI, question.ground.remote_uri.as_str().into()),
        (detail::APP_IDS, app_ids.into()),
        (detail::CLIENT, question.client.as_str().into()),
        (detail::REASON, question.reason.as_str().into()),
        (detail::UPDATE, question.wanted.is_update().into()),
        (detail::LISTING, (question.wanted == Wanted::Listing).into()),
    ]);
    if let Some(account) = question.account {
        details.insert(detail::ACCOUNT, account.to_string().into());
    }
    details
}
