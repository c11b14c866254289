// SPDX-License-Identifier: GPL-3.0-or-later
//! `io.github.usher.Access1`: checks each call and carries it out.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use usher_core::{activity_log::RequestResult, app_state::AppState, prompt::Outcome};
use zbus::{fdo, message::Header, object_server::SignalEmitter, zvariant::Value};

use super::{
    AccessService, CallResult, call_path,
    listing::{self, Listed},
    store_request::StoreRequest,
    verify::{self, VerifyError},
};
use crate::{
    bounded::AtMost,
    flow::{self, Asked, Reading},
    lifecycle::Event,
    limits::{self, IDS_LIMIT, LimitError},
};

/// The object at [`usher_core::names::ACCESS_PATH`].
pub(super) struct Access1(pub(super) Arc<AccessService>);

/// What is known about an app; leaves room for more than its state.
type App = HashMap<&'static str, Value<'static>>;

#[zbus::interface(name = "io.github.usher.Access1", introspection_docs = false)]
impl Access1 {
    #[zbus(out_args("accounts"))]
    async fn list_accounts(&self, #[zbus(header)] header: Header<'_>) -> fdo::Result<Vec<Listed>> {
        let access = self.0.clone();
        let listed = async move {
            access.follow().await;
            access.daemon.flow.accounts.entries(Reading { afresh: false, interactive: false }).await
        };
        let entries = match self.0.run(sender(&header)?, listed).await? {
            CallResult::Done(entries) => entries.map_err(|error| fdo::Error::Failed(error.to_string()))?,
            CallResult::Cancelled | CallResult::Failed => return Err(stopped()),
        };
        Ok(entries.iter().filter_map(listing::listed).collect())
    }

    #[zbus(out_args("apps"))]
    async fn query(
        &self,
        remote: &str,
        remote_uri: &str,
        app_ids: AtMost<&str, IDS_LIMIT>,
        #[zbus(header)] header: Header<'_>,
    ) -> fdo::Result<BTreeMap<String, App>> {
        let ids = limits::app_ids(app_ids.entries(LimitError::TooManyIds)?)?;
        let (remote, remote_uri) = (limits::text(remote)?, limits::text(remote_uri)?);
        let query = self.0.clone().query(remote, remote_uri, ids);
        match self.0.run(sender(&header)?, query).await? {
            CallResult::Done(states) => {
                let app = |state: AppState| HashMap::from([("state", Value::from(state.as_str()))]);
                Ok(states.into_iter().map(|(id, state)| (id, app(state))).collect())
            }
            CallResult::Cancelled | CallResult::Failed => Err(stopped()),
        }
    }

    #[zbus(out_args("verdicts"))]
    async fn verify_tokens(
        &self,
        remote: &str,
        remote_uri: &str,
        tokens: AtMost<(&str, &str), IDS_LIMIT>,
        #[zbus(header)] header: Header<'_>,
    ) -> Result<BTreeMap<String, bool>, VerifyError> {
        let shown = verify::shown(tokens.entries(LimitError::TooManyRefs)?)?;
        let (remote, remote_uri) = (limits::text(remote)?, limits::text(remote_uri)?);
        let verify = self.0.clone().verify(remote, remote_uri, shown);
        match self.0.run(sender(&header)?, verify).await? {
            CallResult::Done(verdicts) => verdicts,
            CallResult::Cancelled | CallResult::Failed => Err(stopped().into()),
        }
    }

    #[zbus(out_args("outcome"))]
    async fn sign_in(
        &self,
        handle_token: &str,
        remote: &str,
        remote_uri: &str,
        parent_window: &str,
        #[zbus(header)] header: Header<'_>,
    ) -> fdo::Result<u32> {
        self.fulfil(handle_token, request(&header, remote, remote_uri, None, parent_window)?).await
    }

    #[zbus(out_args("outcome"))]
    async fn purchase(
        &self,
        handle_token: &str,
        remote: &str,
        remote_uri: &str,
        app_id: &str,
        parent_window: &str,
        #[zbus(header)] header: Header<'_>,
    ) -> fdo::Result<u32> {
        self.fulfil(handle_token, request(&header, remote, remote_uri, Some(app_id), parent_window)?).await
    }

    #[allow(clippy::needless_pass_by_value)]
    fn cancel(&self, handle_token: &str, #[zbus(header)] header: Header<'_>) -> fdo::Result<()> {
        let token = limits::handle_token(handle_token)?;
        self.0.calls.send(&call_path(sender(&header)?, token), Event::Closed);
        Ok(())
    }

    #[zbus(signal)]
    pub(super) async fn accounts_changed(emitter: &SignalEmitter<'_>) -> zbus::Result<()>;
}

impl Access1 {
    async fn fulfil(&self, handle_token: &str, request: StoreRequest) -> fdo::Result<u32> {
        let token = limits::handle_token(handle_token)?;
        let (request, asked) = (Arc::new(request), Asked::default());
        let work = self.0.clone().fulfil(request.clone(), asked.clone());
        let (outcome, logged) = match self.0.run_named(&request.peer, token, work).await? {
            CallResult::Done(done) => done,
            CallResult::Cancelled => (Outcome::Dismissed, flow::Outcome::of(RequestResult::Cancelled)),
            CallResult::Failed => (Outcome::Failed, flow::Outcome::of(RequestResult::Failed)),
        };
        self.0.log(request, logged, asked);
        Ok(outcome.code())
    }
}

fn request(
    header: &Header<'_>,
    remote: &str,
    remote_uri: &str,
    app: Option<&str>,
    parent_window: &str,
) -> fdo::Result<StoreRequest> {
    Ok(StoreRequest {
        remote: limits::text(remote)?,
        remote_uri: limits::text(remote_uri)?,
        app: app.map(limits::app_id).transpose()?,
        parent_window: limits::parent_window(parent_window)?,
        peer: sender(header)?.to_owned(),
    })
}

fn sender<'a>(header: &'a Header<'_>) -> fdo::Result<&'a str> {
    let sender = header.sender().ok_or_else(|| fdo::Error::Failed("a call without a sender".into()))?;
    Ok(sender.as_str())
}

fn stopped() -> fdo::Error {
    fdo::Error::Failed("the call was ended".into())
}
