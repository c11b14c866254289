// SPDX-License-Identifier: GPL-3.0-or-later
//! How the person goes on from *Done*. Pure.

use usher_core::prompt::client;

use super::request::{ClientRequest, Purpose};
use crate::{desktop::software, i18n::gettext};

/// Names of programs, as the daemon gives them.
const TERMINAL: &str = "flatpak";
const SOFTWARE: &str = "gnome-software";
/// What the daemon gives where it cannot find out who asks.
const UNKNOWN: &str = "";

/// What comes next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum NextStep {
    /// The account was added by hand: which repositories may use it?
    ByHand,
    /// The program goes on by itself.
    Waiting,
    /// Software can show the app, and install it.
    Software { remote: String, app_id: String },
    /// A command to run again.
    Terminal { command: String },
    /// The person starts again in the program.
    Program,
    /// The same in a program whose buttons are known by name.
    Press { button: String },
    /// The program wanted an account alone.
    Account,
}

pub(super) fn next_step(purpose: &Purpose) -> NextStep {
    match purpose {
        Purpose::ByHand { .. } => NextStep::ByHand,
        Purpose::Asked(asked) => after(asked),
    }
}

/// Whether an install has ended that waits with *Continue Installs After Signing In*. An update never does, and a program
/// that shows nobody its errors waits in any case.
pub(super) fn could_have_waited(purpose: &Purpose) -> bool {
    let Purpose::Asked(asked) = purpose else { return false };
    let is_always_the_same = asked.is_update || client::is_mute(&asked.client);
    !is_always_the_same && !asked.is_waiting.get() && !asked.app_ids.borrow().is_empty()
}

fn after(asked: &ClientRequest) -> NextStep {
    let app_ids = asked.app_ids.borrow();
    if asked.is_waiting.get() {
        return NextStep::Waiting;
    }
    if app_ids.is_empty() {
        return NextStep::Account;
    }
    match (asked.client.as_str(), app_ids.as_slice()) {
        (SOFTWARE, [app_id, ..]) if !asked.is_update => {
            NextStep::Software { remote: asked.ground.remote.clone(), app_id: app_id.clone() }
        }
        // Inside a sandbox the daemon knows stores by their names, and does not know flatpak in a terminal.
        (TERMINAL | UNKNOWN, app_ids) => {
            let named: Vec<&str> =
                if asked.is_update { Vec::new() } else { app_ids.iter().map(String::as_str).collect() };
            let command = software::command(asked.is_update, &asked.ground.remote, &named);
            command.map_or(NextStep::Program, |command| NextStep::Terminal { command })
        }
        (client::DISCOVER, _) => {
            // Translators: these are buttons of KDE's Discover, as it calls them
            NextStep::Press { button: if asked.is_update { gettext("Update All") } else { gettext("Install") } }
        }
        _ => NextStep::Program,
    }
}

#[cfg(test)]
mod tests {
    use std::{
        cell::{Cell, RefCell},
        rc::Rc,
    };

    use usher_core::{ground::Ground, testing};

    use super::*;
    use crate::prompt::NextQuestion;

    fn back(client: &str, remote: &str, is_update: bool, is_waiting: bool) -> NextStep {
        back_for(&["org.a.A", "org.b.B"], client, remote, is_update, is_waiting)
    }

    fn back_for(apps: &[&str], client: &str, remote: &str, is_update: bool, is_waiting: bool) -> NextStep {
        next_step(&asked(apps, client, remote, is_update, is_waiting))
    }

    fn asked(apps: &[&str], client: &str, remote: &str, is_update: bool, is_waiting: bool) -> Purpose {
        Purpose::Asked(Rc::new(ClientRequest {
            ground: Ground { remote: remote.into(), ..testing::ground("https://r.example/", "https://s.example/") },
            app_ids: RefCell::new(apps.iter().map(|&id| id.to_owned()).collect()),
            client: client.into(),
            is_update,
            is_waiting: Cell::new(is_waiting),
            next: NextQuestion::default(),
            saved: Box::new(|_, _| Box::pin(std::future::ready(crate::sign_in::AfterSaving::Done))),
        }))
    }

    #[test]
    fn the_way_back_leads_to_the_program_that_asked() {
        let terminal = |command: &str| NextStep::Terminal { command: command.into() };
        assert_eq!(back("flatpak", "demo", false, false), terminal("flatpak install demo org.a.A org.b.B"));
        assert_eq!(back("flatpak", "demo", true, false), terminal("flatpak update"));
        assert_eq!(back("", "demo", false, false), terminal("flatpak install demo org.a.A org.b.B"));
        let software = NextStep::Software { remote: "demo".into(), app_id: "org.a.A".into() };
        assert_eq!(back("gnome-software", "demo", false, false), software);
        assert_eq!(back("claimed:x", "demo", false, false), NextStep::Program);
        let press = |button: &str| NextStep::Press { button: button.into() };
        assert_eq!(back("plasma-discover", "demo", false, false), press("Install"));
        assert_eq!(back("plasma-discover", "demo", true, false), press("Update All"));
        assert_eq!(back("plasma-discover", "demo", false, true), NextStep::Waiting);
        assert_eq!(back("flatpak", "demo", false, true), NextStep::Waiting);
        assert_eq!(back_for(&[], "gnome-software", "demo", false, false), NextStep::Account);
        assert_eq!(next_step(&Purpose::ByHand { remote: None }), NextStep::ByHand);
    }

    #[test]
    fn waiting_is_offered_only_where_it_would_have_made_a_difference() {
        for (apps, client, is_update, is_waiting, is_offered) in [
            (&["org.a.A"][..], "flatpak", false, false, true),
            (&["org.a.A"], "gnome-software", false, false, true),
            (&["org.a.A"], "flatpak", false, true, false),
            (&["org.a.A"], "flatpak", true, false, false),
            (&["org.a.A"], "plasma-discover", false, true, false),
            (&["org.a.A"], "plasma-discover", false, false, false),
            (&[], "gnome-software", false, false, false),
        ] {
            let asked = asked(apps, client, "demo", is_update, is_waiting);
            assert_eq!(could_have_waited(&asked), is_offered, "{client} {is_update} {is_waiting}");
        }
        assert!(!could_have_waited(&Purpose::ByHand { remote: None }));
    }

    #[test]
    fn a_name_that_is_not_plain_is_in_no_command() {
        assert_eq!(back("flatpak", "x; reboot", false, false), NextStep::Program);
    }
}
