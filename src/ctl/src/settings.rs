// SPDX-License-Identifier: GPL-3.0-or-later
//! `usherctl settings` shows settings, and changes them. GLib keeps those of the window, and its own program speaks to
//! whatever backend the desktop has; those of the activity log are files.

use std::{io::ErrorKind, process::Stdio};

use serde_json::json;
use tokio::process::Command;
use usher_core::{
    activity_log::{self, ActivityLog},
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
    const ALL: [Self; 3] = [Self::ContinueInstalls, Self::ActivityLog, Self::ActivityLogApps];

    fn key(self) -> &'static str {
        match self {
            Self::ContinueInstalls => "continue-installs",
            Self::ActivityLog => "activity-log",
            Self::ActivityLogApps => "activity-log-apps",
        }
    }

    fn title(self) -> String {
        match self {
            Self::ContinueInstalls => gettext("Continue installs after signing in"),
            Self::ActivityLog => gettext("Keep an activity log"),
            Self::ActivityLogApps => gettext("Include the names of apps in it"),
        }
    }

    async fn is_on(self) -> Result<bool, Failure> {
        Ok(match self {
            Self::ContinueInstalls => gsettings(&["get", names::APP_ID, self.key()]).await?.trim() == "true",
            Self::ActivityLog => of_log()?.is_kept(),
            Self::ActivityLogApps => of_log()?.names_apps(),
        })
    }

    async fn switch(self, is_on: bool) -> Result<(), Failure> {
        match self {
            Self::ContinueInstalls => {
                let value = if is_on { "true" } else { "false" };
                gsettings(&["set", names::APP_ID, self.key(), value]).await?;
            }
            Self::ActivityLog => of_log()?.keep(is_on)?,
            Self::ActivityLogApps => of_log()?.name_apps(is_on)?,
        }
        Ok(())
    }
}

fn of_log() -> Result<activity_log::Settings, Failure> {
    let log = ActivityLog::of_user();
    log.map(|log| log.settings()).ok_or_else(|| Failure::Other(gettext("There is no folder for the activity log.")))
}

pub(crate) async fn run(context: &Context, change: Option<(Setting, Switch)>) -> Result<(), Failure> {
    if let Some((setting, switch)) = change {
        setting.switch(switch == Switch::On).await?;
    }
    let mut settings = serde_json::Map::new();
    for setting in Setting::ALL {
        let is_on = match setting.is_on().await {
            Ok(is_on) => is_on,
            // What is kept elsewhere says nothing of what was changed.
            Err(_) if change.is_some_and(|(changed, _)| changed != setting) => continue,
            Err(failure) => return Err(failure),
        };
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
