// SPDX-License-Identifier: GPL-3.0-or-later
//! `usherctl settings` shows the settings of the window, and changes them. GLib keeps them, and its own program speaks
//! to whatever backend the desktop has.

use std::{io::ErrorKind, process::Stdio};

use serde_json::json;
use tokio::process::Command;
use usher_core::{
    error_text::UserFacing,
    i18n::{gettext, gettext_f},
    names, text,
};

use crate::{
    cli::{Setting, Switch},
    context::Context,
    failure::Failure,
};

/// GLib's program for settings.
const PROGRAM: &str = "gsettings";

impl Setting {
    const ALL: [Self; 1] = [Self::ContinueInstalls];

    fn key(self) -> &'static str {
        match self {
            Self::ContinueInstalls => "continue-installs",
        }
    }

    fn title(self) -> String {
        match self {
            Self::ContinueInstalls => gettext("Continue installs after signing in"),
        }
    }
}

pub(crate) async fn run(context: &Context, change: Option<(Setting, Switch)>) -> Result<(), Failure> {
    if let Some((setting, switch)) = change {
        let value = if switch == Switch::On { "true" } else { "false" };
        gsettings(&["set", names::APP_ID, setting.key(), value]).await?;
    }
    let mut settings = serde_json::Map::new();
    for setting in Setting::ALL {
        let is_on = gsettings(&["get", names::APP_ID, setting.key()]).await?.trim() == "true";
        let value = if is_on { gettext("on") } else { gettext("off") };
        let (key, title) = (setting.key(), setting.title());
        context
            .out
            .line(&gettext_f("{key}: {value} ({title})", &[("key", key), ("value", &value), ("title", &title)]))?;
        settings.insert(key.to_owned(), is_on.into());
    }
    context.out.json(&json!({ "settings": settings }))
}

async fn gsettings(arguments: &[&str]) -> Result<String, Failure> {
    let ended = Command::new(PROGRAM).args(arguments).stdin(Stdio::null()).output().await.map_err(|error| {
        let values = [("program", PROGRAM), ("reason", &error.reason())];
        Failure::Other(match error.kind() {
            ErrorKind::NotFound => gettext_f("The settings cannot be read: “{program}” is not installed.", &values),
            _ => gettext_f("The settings cannot be read: “{program}” did not start ({reason}).", &values),
        })
    })?;
    if ended.status.success() {
        return Ok(String::from_utf8_lossy(&ended.stdout).into_owned());
    }
    let reason = text::clean(&String::from_utf8_lossy(&ended.stderr), text::SERVER_TEXT_LIMIT);
    Err(Failure::Other(gettext_f("The settings cannot be used: {reason}", &[("reason", &reason)])))
}
