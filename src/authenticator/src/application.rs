// SPDX-License-Identifier: GPL-3.0-or-later
//! `org.freedesktop.Application`: the daemon owns the name by which the desktop launches Usher, so it forwards the
//! desktop's calls to the window process, and the window process's answers to the caller.

use std::{collections::HashMap, time::Duration};

use serde::Serialize;
use tokio::sync::Semaphore;
use usher_core::{
    names::{self, ACCOUNTS_NAME},
    patience::within,
};
use zbus::{
    Connection, fdo,
    zvariant::{self, DynamicType, LE, Value, serialized::Context},
};

use crate::{
    activity::Activity,
    bounded::{AtMost, Setting, Settings},
    limits::LimitError,
};

const INTERFACE: &str = "org.freedesktop.Application";
/// The platform data to forward: what a window needs to come to the front.
const PLATFORM_DATA: [&str; 2] = ["desktop-startup-id", "activation-token"];
/// Longest string, and largest parameter of an action, in bytes.
const SIZE_LIMIT: usize = 4096;
/// Most files to open at once.
const FILES_LIMIT: usize = 64;
/// Most calls to forward at once.
const CALLS_LIMIT: usize = 16;
/// Longest wait for the window process. One that takes longer to start may still open its window.
const LIMIT: Duration = Duration::from_secs(10);

/// The object at [`names::application_path`] of the application's id.
pub(crate) struct Application {
    activity: Activity,
    places: Semaphore,
}

type PlatformData<'a> = HashMap<&'a str, Value<'a>>;

impl Application {
    pub(crate) fn new(activity: Activity) -> Self {
        Self { activity, places: Semaphore::new(CALLS_LIMIT) }
    }

    /// Calls the window process. The bus starts it if necessary.
    async fn forward<B: Serialize + DynamicType>(
        &self,
        connection: &Connection,
        method: &str,
        arguments: &B,
    ) -> fdo::Result<()> {
        let _busy = self.activity.begin();
        let Ok(_place) = self.places.try_acquire() else {
            return Err(fdo::Error::LimitsExceeded("too many calls".into()));
        };
        let path = names::application_path(ACCOUNTS_NAME);
        let call = connection.call_method(Some(ACCOUNTS_NAME), path, Some(INTERFACE), method, arguments);
        let Ok(reply) = within(LIMIT, call).await else {
            return Err(fdo::Error::NoReply("the window process does not answer".into()));
        };
        reply.map(drop).map_err(as_call_error)
    }
}

#[zbus::interface(name = "org.freedesktop.Application", introspection_docs = false)]
impl Application {
    async fn activate(
        &self,
        platform_data: Settings<'_>,
        #[zbus(connection)] connection: &Connection,
    ) -> fdo::Result<()> {
        self.forward(connection, "Activate", &(known(platform_data),)).await
    }

    async fn open(
        &self,
        uris: AtMost<&str, FILES_LIMIT>,
        platform_data: Settings<'_>,
        #[zbus(connection)] connection: &Connection,
    ) -> fdo::Result<()> {
        let uris = uris
            .entries(LimitError::TooManyFiles)
            .ok()
            .filter(|uris| uris.iter().all(|uri| uri.len() <= SIZE_LIMIT))
            .ok_or_else(|| fdo::Error::LimitsExceeded("too many files, or too long addresses".into()))?;
        self.forward(connection, "Open", &(uris, known(platform_data))).await
    }

    async fn activate_action(
        &self,
        action_name: &str,
        parameter: Vec<Value<'_>>,
        platform_data: Settings<'_>,
        #[zbus(connection)] connection: &Connection,
    ) -> fdo::Result<()> {
        let is_small =
            zvariant::serialized_size(Context::new_dbus(LE, 0), &parameter).is_ok_and(|size| *size <= SIZE_LIMIT);
        if !is_action_name(action_name) || parameter.len() > 1 || !is_small {
            return Err(fdo::Error::InvalidArgs("no such action".into()));
        }
        self.forward(connection, "ActivateAction", &(action_name, parameter, known(platform_data))).await
    }
}

/// The platform data to forward.
fn known(platform_data: Settings<'_>) -> PlatformData<'_> {
    let known = |(name, value)| match value {
        Setting::Text(text) if PLATFORM_DATA.contains(&name) && text.len() <= SIZE_LIMIT => {
            Some((name, Value::from(text)))
        }
        _ => None,
    };
    platform_data.0.into_iter().filter_map(known).collect()
}

/// Whether it is a valid name of an action (`g_action_name_is_valid`).
fn is_action_name(name: &str) -> bool {
    (1..=255).contains(&name.len()) && name.chars().all(|c| c.is_ascii_alphanumeric() || "-.".contains(c))
}

/// The error for the caller.
fn as_call_error(error: zbus::Error) -> fdo::Error {
    match fdo::Error::from(error) {
        fdo::Error::ZBus(zbus::Error::MethodError(name, text, _)) => {
            fdo::Error::Failed(text.unwrap_or_else(|| name.to_string()))
        }
        fdo::Error::ZBus(error) => fdo::Error::Failed(error.to_string()),
        error => error,
    }
}
