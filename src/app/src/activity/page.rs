// SPDX-License-Identifier: GPL-3.0-or-later
//! The page with what happened with an account or a repository.

use adw::{prelude::*, subclass::prelude::*};
use gtk::glib;
use usher_core::activity_log::{Entry, Names};

use super::{
    Scope,
    day_list::{DayList, LEAD_DOWN, LEAD_UP},
    days::{Day, date, days, newest_first},
    entry_row::EntryItem,
    keyboard,
    scope::Filter,
};
use crate::{
    i18n::gettext,
    model::KeyringState,
    navigation::{self, Destination},
    services::Services,
    widgets::{Closures, focus, follow_width, labels, toast},
};

/// As many entries as this can be searched.
const SEARCHED_FROM: usize = 10;
/// How many rows are added at a time: more than a large window shows.
const BATCH: usize = 40;
/// How often to look whether another day has begun, in seconds.
const DAY_CHECK: u32 = 60;

mod imp {
    use std::cell::{Cell, OnceCell, RefCell};

    use super::*;

    #[derive(Default, gtk::CompositeTemplate, glib::Properties)]
    #[properties(wrapper_type = super::ActivityPage)]
    #[template(file = "src/activity/page.blp")]
    pub struct ActivityPage {
        /// Whose activity it is.
        #[property(get, set)]
        about: RefCell<String>,
        #[property(get, set)]
        has_entries: Cell<bool>,
        /// Whether there is enough to be searched.
        #[property(get, set)]
        can_search: Cell<bool>,
        /// What the page says where nothing is listed.
        #[property(get, set)]
        empty_title: RefCell<String>,
        /// The same in a sentence, with markup escaped.
        #[property(get, set)]
        empty_text: RefCell<String>,
        pub(super) services: OnceCell<Services>,
        pub(super) scope: OnceCell<Scope>,
        /// Which entries are shown. Stays while the keyring does not tell of the account.
        filter: RefCell<Option<Filter>>,
        /// How many rows there may be now.
        room: Cell<usize>,
        /// Whether there is more than that.
        has_more: Cell<bool>,
        /// Whether rows are about to be added.
        is_growing: Cell<bool>,
        shown: RefCell<Vec<DayList>>,
        day_check: RefCell<Option<glib::SourceId>>,
        #[template_child]
        search_bar: TemplateChild<gtk::SearchBar>,
        #[template_child]
        search_entry: TemplateChild<gtk::SearchEntry>,
        #[template_child]
        banner: TemplateChild<adw::Banner>,
        #[template_child]
        stack: TemplateChild<gtk::Stack>,
        #[template_child]
        scrolled: TemplateChild<gtk::ScrolledWindow>,
        #[template_child]
        days_box: TemplateChild<gtk::Box>,
        #[template_child]
        empty_page: TemplateChild<adw::StatusPage>,
        #[template_child]
        no_results_page: TemplateChild<adw::StatusPage>,
    }

    #[glib::object_subclass]
    impl ObjectSubclass for ActivityPage {
        const NAME: &'static str = "UsherActivityPage";
        type Type = super::ActivityPage;
        type ParentType = adw::NavigationPage;

        fn class_init(class: &mut Self::Class) {
            class.bind_template();
            class.bind_template_callbacks();
            Closures::bind_template_callbacks(class);
            class.install_action_async("activity.clear", None, async |page, _, _| clear(page).await);
            class.install_action(LEAD_DOWN, None, |page, _, _| page.imp().lead_down());
            class.install_action(LEAD_UP, None, |page, _, _| page.imp().lead_up());
        }

        fn instance_init(object: &glib::subclass::InitializingObject<Self>) {
            object.init_template();
        }
    }

    #[glib::derived_properties]
    impl ObjectImpl for ActivityPage {
        fn constructed(&self) {
            self.parent_constructed();
            self.room.set(BATCH);
            self.search_bar.connect_entry(&*self.search_entry);
            follow_width(&self.empty_page);
            follow_width(&self.no_results_page);
            labels::settle(&*self.banner);
            let adjustment = self.scrolled.vadjustment();
            for signal in ["value-changed", "changed"] {
                adjustment.connect_local(
                    signal,
                    false,
                    glib::clone!(
                        #[weak(rename_to = imp)]
                        self,
                        #[upgrade_or]
                        None,
                        move |_| {
                            imp.grow_soon();
                            None
                        }
                    ),
                );
            }
            focus::when_first_shown(&*self.obj(), |page| page.imp().place_focus());
        }
    }

    impl WidgetImpl for ActivityPage {
        fn map(&self) {
            self.parent_map();
            let look = glib::clone!(
                #[weak(rename_to = imp)]
                self,
                #[upgrade_or]
                glib::ControlFlow::Break,
                move || {
                    imp.refresh();
                    glib::ControlFlow::Continue
                }
            );
            self.day_check.replace(Some(glib::timeout_add_seconds_local(DAY_CHECK, look)));
        }

        fn unmap(&self) {
            if let Some(check) = self.day_check.take() {
                check.remove();
            }
            self.parent_unmap();
        }
    }

    impl NavigationPageImpl for ActivityPage {}

    #[gtk::template_callbacks]
    impl ActivityPage {
        pub(super) fn services(&self) -> &Services {
            self.services.get().expect("set when the page is made")
        }

        fn scope(&self) -> &Scope {
            self.scope.get().expect("set when the page is made")
        }

        pub(super) fn filter(&self) -> Option<Filter> {
            self.filter.borrow().clone()
        }

        fn place_focus(&self) {
            let newest = self.shown.borrow().first().and_then(DayList::first_row);
            keyboard::give_to(newest);
        }

        pub(super) fn search(&self) {
            if self.can_search.get() {
                self.search_bar.set_search_mode(true);
                self.search_entry.grab_focus();
            }
        }

        /// What else is found may be shown from its start.
        #[template_callback]
        fn on_search(&self) {
            self.room.set(BATCH);
            self.scrolled.vadjustment().set_value(0.0);
            self.refresh();
        }

        /// Shows what there is now.
        #[template_callback]
        pub(super) fn refresh(&self) {
            let (services, scope) = (self.services(), self.scope());
            match scope.filter(services) {
                Some(filter) => {
                    self.filter.replace(Some(filter));
                    self.obj().set_about(scope.title(services));
                }
                // Removed elsewhere. Not while a page above this one is shown.
                None if services.accounts().state() == KeyringState::Ready && self.obj().is_mapped() => {
                    navigation::go_to(&*self.obj(), &Destination::FirstPage);
                    return;
                }
                None => {}
            }
            let activity = services.activity();
            if let Some(filter) = self.filter()
                && activity.is_read()
            {
                let entries = activity.entries();
                self.show(newest_first(entries.iter().filter(|entry| filter.includes(entry)).collect()));
                self.banner.set_revealed(!activity.is_kept());
            }
        }

        fn show(&self, entries: Vec<&Entry>) {
            let page = self.obj();
            let can_search = entries.len() >= SEARCHED_FROM;
            page.set_can_search(can_search);
            if !can_search {
                self.search_bar.set_search_mode(false);
            }
            self.search_bar.set_key_capture_widget(can_search.then(|| page.clone()).as_ref());
            page.set_has_entries(!entries.is_empty());
            let (title, text) = self.why_empty();
            page.set_empty_title(title);
            page.set_empty_text(glib::markup_escape_text(&text));
            let words = self.search_entry.text();
            let is_searching = self.search_bar.is_search_mode() && !words.trim().is_empty();
            // What would be cleared is what is to be seen.
            page.action_set_enabled("activity.clear", !entries.is_empty() && !is_searching);
            let is_empty = entries.is_empty();
            let mut found = entries
                .into_iter()
                .map(|entry| self.in_words(entry))
                .filter(|item| !is_searching || item.words.matches(&words));
            let items: Vec<EntryItem> = found.by_ref().take(self.room.get()).collect();
            self.has_more.set(found.next().is_some());
            self.stack.set_visible_child_name(match (is_empty, items.is_empty()) {
                (true, _) => "empty",
                (false, true) => "no-results",
                (false, false) => "entries",
            });
            self.show_days(days(items, |item| item.at, &glib::TimeZone::local()));
        }

        /// Shows these days. What has not changed keeps its place, and the keyboard with it.
        fn show_days(&self, days: Vec<Day<EntryItem>>) {
            let today = date(usher_core::clock::now(), &glib::TimeZone::local());
            let mut known = self.shown.take();
            known.retain(|list| {
                let is_left = days.iter().any(|day| day.date == list.date);
                if !is_left {
                    self.days_box.remove(&list.group);
                }
                is_left
            });
            let mut shown: Vec<DayList> = Vec::new();
            for day in days {
                let index = known.iter().position(|list| list.date == day.date);
                let mut list = index.map_or_else(|| DayList::new(day.date), |index| known.remove(index));
                if list.group.parent().is_none() {
                    self.days_box.insert_child_after(&list.group, shown.last().map(|list| &list.group));
                }
                list.show(day, today);
                shown.push(list);
            }
            self.shown.replace(shown);
        }

        fn in_words(&self, entry: &Entry) -> EntryItem {
            let services = self.services();
            let remotes = services.repositories().remotes();
            let repository = |name: &str| {
                let remote = remotes.iter().find(|remote| remote.name == name);
                remote.map_or_else(|| name.to_owned(), |remote| remote.display_name().to_owned())
            };
            let remote = entry.remote.clone().unwrap_or_default();
            let app = |id: &str| services.apps().get(&remote, id).title();
            EntryItem { at: entry.at, words: entry.words(&Names { repository: &repository, app: &app }) }
        }

        fn why_empty(&self) -> (String, String) {
            let activity = self.services().activity();
            if activity.has_failed() {
                return (gettext("The Log Could Not Be Read"), gettext("The disk did not answer."));
            }
            let what_appears = self.scope().what_appears(self.filter().as_ref());
            let is_off = gettext("Nothing is noted while the activity log is off.");
            (gettext("Nothing Yet"), if activity.is_kept() { what_appears } else { is_off })
        }

        /// Adds rows before the end of those that there are comes into sight. Not while sizes are being set.
        fn grow_soon(&self) {
            if !self.is_near_end() || self.is_growing.replace(true) {
                return;
            }
            let grow = glib::clone!(
                #[weak(rename_to = imp)]
                self,
                #[upgrade_or]
                glib::ControlFlow::Break,
                move || {
                    imp.is_growing.set(false);
                    if imp.is_near_end() {
                        imp.grow();
                    }
                    glib::ControlFlow::Break
                }
            );
            // Keys that are held down must not get to the end first.
            glib::idle_add_local_full(glib::Priority::DEFAULT, grow);
        }

        /// Leads the keyboard from the last row of a day to the one below.
        fn lead_down(&self) {
            if self.has_more.get() && self.shown.borrow().last().is_some_and(DayList::has_keyboard) {
                self.grow();
            }
            keyboard::give_to(keyboard::row_below(&self.shown.borrow()));
        }

        /// The same from the first row of a day.
        fn lead_up(&self) {
            keyboard::give_to(keyboard::row_above(&self.shown.borrow()));
        }

        fn grow(&self) {
            self.room.set(self.room.get() + BATCH);
            self.refresh();
        }

        fn is_near_end(&self) -> bool {
            let adjustment = self.scrolled.vadjustment();
            let below = adjustment.upper() - adjustment.value() - adjustment.page_size();
            self.has_more.get() && adjustment.page_size() > 0.0 && below < adjustment.page_size()
        }
    }

    /// Removes all that the page is about, and offers to put it back.
    async fn clear(page: super::ActivityPage) {
        let imp = page.imp();
        let (Some(filter), services) = (imp.filter(), imp.services().clone()) else { return };
        let removed = match services.activity().remove(move |entry| filter.includes(entry)).await {
            Ok(removed) => removed,
            Err(error) => {
                tracing::warn!(%error, "cannot clear the activity log");
                toast::show(&page, &gettext("The activity could not be cleared"));
                return;
            }
        };
        let undo = move || {
            let (services, removed) = (services.clone(), removed.clone());
            glib::spawn_future_local(async move {
                if let Err(error) = services.activity().put_back(removed).await {
                    tracing::warn!(%error, "cannot put the activity back");
                }
            });
        };
        toast::with_button(&page, &gettext("Activity cleared"), &gettext("Undo"), undo);
    }
}

glib::wrapper! {
    pub struct ActivityPage(ObjectSubclass<imp::ActivityPage>)
        @extends adw::NavigationPage, gtk::Widget,
        @implements gtk::Accessible, gtk::Buildable, gtk::ConstraintTarget;
}

impl ActivityPage {
    /// The activity of an account or a repository, which is followed as it goes on.
    pub(crate) fn new(services: &Services, scope: Scope) -> Self {
        let page: Self = glib::Object::new();
        let imp = page.imp();
        let _ = imp.services.set(services.clone());
        let _ = imp.scope.set(scope);
        for changes in [
            services.activity().changes(),
            services.accounts().changes(),
            services.repositories().changes(),
            services.apps().changes(),
        ] {
            changes.follow(&page, |page| page.imp().refresh());
        }
        // Whatever kept it from being read may be over.
        services.activity().reload();
        imp.refresh();
        page
    }

    /// Opens the search, where there is enough to be searched.
    pub(crate) fn search(&self) {
        self.imp().search();
    }
}
