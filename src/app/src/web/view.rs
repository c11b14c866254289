// SPDX-License-Identifier: GPL-3.0-or-later
//! A web view in which a page can show itself and nothing else (rule R19).

use std::{
    cell::{Cell, OnceCell, RefCell},
    collections::BTreeSet,
    rc::Rc,
};

use gtk::prelude::*;
use webkit6::{
    ContextMenuAction, NetworkSession, ScriptDialogType, Settings, UserContentFilter, UserContentInjectedFrames,
    UserContentManager, UserScript, UserScriptInjectionTime, WebView, prelude::*,
};

use super::{bounds::Bounds, dialogs, identity::under_own_id, policy, proxies};
use crate::i18n::gettext;

/// Where scripts of ours run: no page sees that world, and none can forbid it.
pub(super) const WORLD: &str = "usher";
/// The message that a document has painted something.
const PAINTED: &str = "painted";
/// Tells of a document's first frame with text or a picture, when the next one begins and that one has been handed on.
const TELL_PAINTED: &str = "new PerformanceObserver(() => requestAnimationFrame(() => \
    webkit.messageHandlers.painted.postMessage(''))).observe({type: 'paint', buffered: true})";
/// Scripts that go on without their page, and so without what holds for it.
const WORKERS_WITHOUT_PAGE: &str = "ServiceWorkers";
/// Dialogs that the pages of one task may raise.
const DIALOG_LIMIT: u8 = 3;

/// The web session of one window, which keeps nothing on disk. Its steps share it until somebody else signs in (rule R19).
#[derive(Clone, Default)]
pub(crate) struct WebSession(Rc<RefCell<Option<NetworkSession>>>);

impl WebSession {
    /// Forgets whom servers know in it.
    pub(crate) fn renew(&self) {
        self.0.take();
    }

    fn network(&self) -> NetworkSession {
        let mut known = self.0.borrow_mut();
        let session = known.get_or_insert_with(|| {
            let session = under_own_id(NetworkSession::new_ephemeral);
            session.set_persistent_credential_storage_enabled(false);
            proxies::follow_environment(&session);
            session
        });
        session.clone()
    }
}

/// What the views of one task share.
pub(super) struct Shared {
    session: NetworkSession,
    bounds: Bounds,
    /// The filter that keeps pages within their bounds, once there is one.
    filter: OnceCell<UserContentFilter>,
    dialogs: Cell<u8>,
    told: RefCell<BTreeSet<String>>,
}

impl Shared {
    /// Nothing is taken in from the session.
    pub(super) fn new(session: &WebSession, bounds: Bounds, tell: impl Fn(&str) + 'static) -> Rc<Self> {
        let session = session.network();
        let (filter, dialogs, told) = Default::default();
        let shared = Rc::new(Self { session, bounds, filter, dialogs, told });
        let weak = Rc::downgrade(&shared);
        shared.session.connect_download_started(move |_, download| {
            download.cancel();
            let text = gettext("The page tried to download a file");
            if weak.upgrade().is_some_and(|shared| shared.tells(&text)) {
                tell(&text);
            }
        });
        shared
    }

    /// Where the pages may go without encryption.
    pub(super) fn bounds(&self) -> &Bounds {
        &self.bounds
    }

    /// Keeps the pages of the first view within their bounds. Where that fails, no page may be shown.
    pub(super) async fn confine(&self, view: &WebView) -> bool {
        if self.filter.get().is_some() {
            return true;
        }
        match self.bounds.filter().await {
            Ok(filter) => {
                add_filter(view, self.filter.get_or_init(|| filter));
                true
            }
            Err(error) => {
                tracing::warn!(%error, "cannot show web pages: their bounds cannot be set");
                false
            }
        }
    }

    /// Whether a text is said for the first time.
    pub(super) fn tells(&self, text: &str) -> bool {
        self.told.borrow_mut().insert(text.to_owned())
    }

    fn may_show_dialog(&self) -> bool {
        let shown = self.dialogs.get().saturating_add(1);
        self.dialogs.set(shown);
        shown <= DIALOG_LIMIT
    }
}

fn settings() -> Settings {
    let settings = Settings::builder()
        .allow_file_access_from_file_urls(false)
        .allow_universal_access_from_file_urls(false)
        .allow_modal_dialogs(false)
        .enable_back_forward_navigation_gestures(false)
        .enable_developer_extras(false)
        .enable_encrypted_media(false)
        .enable_fullscreen(false)
        .enable_media_stream(false)
        .enable_webrtc(false)
        .javascript_can_access_clipboard(false)
        .javascript_can_open_windows_automatically(false)
        .media_playback_requires_user_gesture(true)
        .build();
    let features = Settings::all_features();
    let features = features.iter().flat_map(|all| (0..all.length()).filter_map(|index| all.get(index)));
    for feature in features.filter(|feature| feature.identifier().as_deref() == Some(WORKERS_WITHOUT_PAGE)) {
        settings.set_feature_enabled(&feature, false);
    }
    settings
}

/// What our scripts in a view report.
fn reports() -> UserContentManager {
    let manager = UserContentManager::new();
    manager.register_script_message_handler(PAINTED, Some(WORLD));
    manager.add_script(&UserScript::for_world(
        TELL_PAINTED,
        UserContentInjectedFrames::TopFrame,
        UserScriptInjectionTime::Start,
        WORLD,
        &[],
        &[],
    ));
    manager
}

fn add_filter(view: &WebView, filter: &UserContentFilter) {
    if let Some(manager) = view.user_content_manager() {
        manager.add_filter(filter);
    }
}

/// Calls back when a document in the view has painted something for the first time.
pub(super) fn connect_painted(view: &WebView, painted: impl Fn() + 'static) {
    if let Some(manager) = view.user_content_manager() {
        manager.connect_script_message_received(Some(PAINTED), move |_, _| painted());
    }
}

/// The first view of a task.
pub(super) fn first(shared: &Rc<Shared>, tell: impl Fn(&str) + Clone + 'static) -> WebView {
    let view = WebView::builder()
        .network_session(&shared.session)
        .default_content_security_policy(policy::CONTENT_SECURITY_POLICY)
        .user_content_manager(&reports())
        .settings(&settings());
    let view = under_own_id(|| view.build());
    refuse(&view, shared, tell);
    view
}

/// A view without a page, to find out how the process of one is started.
pub(super) fn empty() -> WebView {
    let session = WebSession::default().network();
    let view = WebView::builder().network_session(&session).settings(&settings());
    under_own_id(|| view.build())
}

/// A view for what a page opened.
pub(super) fn related(opener: &WebView, shared: &Rc<Shared>, tell: impl Fn(&str) + Clone + 'static) -> WebView {
    let view = WebView::builder()
        .related_view(opener)
        .default_content_security_policy(policy::CONTENT_SECURITY_POLICY)
        .user_content_manager(&reports())
        .settings(&settings())
        .build();
    if let Some(filter) = shared.filter.get() {
        add_filter(&view, filter);
    }
    refuse(&view, shared, tell);
    view
}

/// `WebKit` has an unseen text field of its own in each view, and Tab would never leave it again.
fn let_the_keyboard_out(view: &WebView) {
    let mut child = view.first_child();
    while let Some(widget) = child {
        if widget.accessible_role() == gtk::AccessibleRole::TextBox {
            widget.set_can_focus(false);
        }
        child = widget.next_sibling();
    }
}

/// Refuses what a page has no business to do, and says so where the person could expect it to work.
fn refuse(view: &WebView, shared: &Rc<Shared>, tell: impl Fn(&str) + Clone + 'static) {
    view.set_hexpand(true);
    view.set_vexpand(true);
    view.connect_has_focus_notify(let_the_keyboard_out);
    let once = {
        let shared = shared.clone();
        move |text: &str| {
            if shared.tells(text) {
                tell(text);
            }
        }
    };
    view.connect_permission_request({
        let once = once.clone();
        move |_, request| {
            request.deny();
            if let Some(text) = asked_for(request) {
                once(&text);
            }
            true
        }
    });
    view.connect_query_permission_state(|_, query| {
        query.finish(webkit6::PermissionState::Denied);
        true
    });
    view.connect_show_notification({
        let once = once.clone();
        move |_, _| {
            once(&gettext("The page tried to show a notification"));
            true
        }
    });
    view.connect_run_file_chooser({
        let once = once.clone();
        move |_, request| {
            request.cancel();
            once(&gettext("The page asked for a file"));
            true
        }
    });
    view.connect_run_color_chooser(|_, request| {
        request.cancel();
        true
    });
    view.connect_print(move |_, _| {
        once(&gettext("The page tried to print"));
        true
    });
    view.connect_enter_fullscreen(|_| true);
    view.connect_script_dialog({
        let shared = shared.clone();
        move |view, dialog| {
            if dialog.dialog_type() == ScriptDialogType::BeforeUnloadConfirm {
                // A page cannot hold anybody back.
                dialog.confirm_set_confirmed(true);
                return true;
            }
            if shared.may_show_dialog() {
                dialogs::show(view, dialog);
            }
            true
        }
    });
    view.connect_context_menu(|_, menu, _| {
        for item in menu.items() {
            if !is_harmless(item.stock_action()) {
                menu.remove(&item);
            }
        }
        menu.n_items() == 0
    });
}

/// Menu items that stay within the page.
fn is_harmless(action: ContextMenuAction) -> bool {
    use ContextMenuAction as Action;
    matches!(action, Action::Copy | Action::Cut | Action::Paste | Action::Delete | Action::SelectAll)
}

fn asked_for(request: &webkit6::PermissionRequest) -> Option<String> {
    if let Some(media) = request.downcast_ref::<webkit6::UserMediaPermissionRequest>() {
        let text = if media.is_for_video_device() {
            gettext("The page asked for the camera")
        } else {
            gettext("The page asked for the microphone")
        };
        return Some(text);
    }
    if request.is::<webkit6::GeolocationPermissionRequest>() {
        return Some(gettext("The page asked for the location"));
    }
    if request.is::<webkit6::NotificationPermissionRequest>() {
        return Some(gettext("The page asked to show notifications"));
    }
    if request.is::<webkit6::ClipboardPermissionRequest>() {
        return Some(gettext("The page asked for the clipboard"));
    }
    // Others ask behind the person's back.
    None
}

/// Closes the page.
pub(super) fn shut(view: &WebView) {
    view.stop_loading();
    view.try_close();
}

/// Whether the view is filled with a document yet.
pub(super) fn is_blank(view: &WebView) -> bool {
    view.uri().is_none_or(|uri| uri.is_empty() || uri == "about:blank")
}
