// SPDX-License-Identifier: GPL-3.0-or-later
//! What went wrong, in place of a page, and the way on from there.

use adw::{prelude::*, subclass::prelude::*};
use gtk::{AccessibleAnnouncementPriority, glib};

use super::Closures;
use crate::details::DetailsButton;

/// The signal of the button that tries again.
const AGAIN: &str = "again";

/// The words of a problem.
pub(crate) struct ProblemText {
    pub(crate) icon: &'static str,
    pub(crate) title: String,
    pub(crate) text: String,
    /// Technical details, where there are any.
    pub(crate) details: Option<String>,
    /// What the button says that leads on; empty where nothing does.
    pub(crate) again: String,
    /// Whether those who mend Usher, or a server, could help.
    pub(crate) is_fault: bool,
    /// Whether somebody may be up to something: the one case for the colour of danger.
    pub(crate) is_danger: bool,
}

mod imp {
    use std::{cell::RefCell, sync::LazyLock};

    use glib::subclass::Signal;

    use super::*;

    #[derive(Default, gtk::CompositeTemplate, glib::Properties)]
    #[properties(wrapper_type = super::ProblemView)]
    #[template(file = "src/widgets/problem_view.blp")]
    pub struct ProblemView {
        #[property(get, set)]
        icon: RefCell<String>,
        #[property(get, set)]
        title: RefCell<String>,
        /// With markup escaped.
        #[property(get, set)]
        text: RefCell<String>,
        /// Technical details; empty where there are none.
        #[property(get, set)]
        details: RefCell<String>,
        /// What the button says that leads on; empty where nothing does.
        #[property(get, set)]
        again_text: RefCell<String>,
        /// What *Cancel* does.
        #[property(get, set)]
        cancel_action: RefCell<String>,
        #[template_child]
        pub(super) status: TemplateChild<adw::StatusPage>,
        #[template_child]
        pub(super) expander: TemplateChild<gtk::Expander>,
        #[template_child]
        pub(super) again_button: TemplateChild<gtk::Button>,
        #[template_child]
        pub(super) cancel_button: TemplateChild<gtk::Button>,
        #[template_child]
        pub(super) details_button: TemplateChild<DetailsButton>,
    }

    #[glib::object_subclass]
    impl ObjectSubclass for ProblemView {
        const NAME: &'static str = "UsherProblemView";
        type Type = super::ProblemView;
        type ParentType = adw::BreakpointBin;

        fn class_init(class: &mut Self::Class) {
            DetailsButton::ensure_type();
            class.bind_template();
            class.bind_template_callbacks();
            Closures::bind_template_callbacks(class);
        }

        fn instance_init(object: &glib::subclass::InitializingObject<Self>) {
            object.init_template();
        }
    }

    #[glib::derived_properties]
    impl ObjectImpl for ProblemView {
        fn signals() -> &'static [Signal] {
            static SIGNALS: LazyLock<[Signal; 1]> = LazyLock::new(|| [Signal::builder(AGAIN).run_last().build()]);
            &*SIGNALS
        }
    }

    impl WidgetImpl for ProblemView {}
    impl BreakpointBinImpl for ProblemView {}

    #[gtk::template_callbacks]
    impl ProblemView {
        #[template_callback]
        fn on_narrow(&self) {
            self.status.add_css_class("compact");
        }

        #[template_callback]
        fn on_wide(&self) {
            self.status.remove_css_class("compact");
        }

        #[template_callback]
        fn on_again(&self) {
            self.obj().emit_by_name::<()>(AGAIN, &[]);
        }
    }
}

glib::wrapper! {
    /// Says what went wrong. Its button emits `again`.
    pub struct ProblemView(ObjectSubclass<imp::ProblemView>)
        @extends adw::BreakpointBin, gtk::Widget,
        @implements gtk::Accessible, gtk::Buildable, gtk::ConstraintTarget;
}

impl ProblemView {
    /// Shows these words, and has them read.
    pub(crate) fn show(&self, words: &ProblemText) {
        self.set_icon(words.icon);
        self.set_title(words.title.as_str());
        self.set_text(glib::markup_escape_text(&words.text));
        self.set_details(words.details.as_deref().unwrap_or_default());
        self.set_again_text(words.again.as_str());
        let imp = self.imp();
        if words.is_danger {
            imp.status.add_css_class("error");
        } else {
            imp.status.remove_css_class("error");
        }
        imp.expander.set_expanded(false);
        imp.details_button.set_visible(words.is_fault);
        imp.details_button.tell(&words.title, &words.text, words.details.as_deref().unwrap_or_default());
        self.announce(&format!("{}. {}", words.title, words.text), AccessibleAnnouncementPriority::High);
    }

    /// Puts the keyboard on the button that leads on, or back.
    pub(crate) fn take_focus(&self) {
        let imp = self.imp();
        if !imp.again_button.grab_focus() {
            imp.cancel_button.grab_focus();
        }
    }
}
