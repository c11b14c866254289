// SPDX-License-Identifier: GPL-3.0-or-later
//! Something that may have taken Usher's place, or could (rule R23): its row, and the page with the command that undoes it.

use usher_core::{checks::Problem, refs::FlatpakRef};

use crate::{
    i18n::{gettext, gettext_f},
    model::Impostor,
    navigation,
    services::Services,
    text,
    widgets::{Advice, AdvicePage, Offer, OfferRow, toast},
};

/// The row, which leads to the page.
pub(super) fn impostor_row(services: &Services, offer: &Offer, impostor: &Impostor) -> OfferRow {
    let row = OfferRow::new(offer);
    let (services, impostor) = (services.clone(), impostor.clone());
    row.connect_pressed(move |button| navigation::push(button, &impostor_page(&services, &impostor)));
    row
}

/// The page. It closes by itself once the person has run the command.
pub(super) fn impostor_page(services: &Services, impostor: &Impostor) -> AdvicePage {
    let page = AdvicePage::new(&advice(impostor));
    let (repositories, impostor) = (services.repositories().clone(), impostor.clone());
    services.repositories().changes().follow(&page, move |page| {
        if repositories.impostors().contains(&impostor) {
            return;
        }
        let stack = navigation::stack_of(page);
        if let (true, Some(stack)) = (page.go_back(), stack) {
            // Translators: what may have replaced Usher is gone
            toast::show(&stack, &gettext("This has been undone"));
        }
    });
    page
}

impl Offer {
    /// Of what may stand in for Usher.
    pub(super) fn impostor(impostor: &Impostor) -> Self {
        let repository = repository(impostor);
        let title = title(&impostor.problem);
        let subtitle = match &impostor.problem {
            Problem::SecondUsher { .. } | Problem::TakesNames { .. } => gettext_f(
                "{app id} comes from {repository}",
                &[("app id", &app(&impostor.problem)), ("repository", &repository)],
            ),
            Problem::CameAlong { .. } => {
                gettext_f("“{repository}” reinstalls it whenever it is removed", &[("repository", &repository)])
            }
            Problem::MayReplaceApp { replaced_by: Some(_), .. } => {
                gettext_f("“{repository}” replaced it with another program", &[("repository", &repository)])
            }
            _ => gettext_f("“{repository}” can replace it with another program", &[("repository", &repository)]),
        };
        let is_note = impostor.problem.is_note();
        Self {
            icon: if is_note { "dialog-information-symbolic" } else { "dialog-warning-symbolic" },
            // Translators: the name of a button for screen readers; {what} is the title of its row
            button_name: gettext_f("Review: {what}", &[("what", &title)]),
            title,
            subtitle,
            button: gettext("Review…"),
        }
    }
}

fn title(problem: &Problem) -> String {
    match problem {
        Problem::CameAlong { .. } => gettext("Usher Was Installed by a Repository"),
        Problem::MayReplaceUsher { .. } => gettext("Usher Can Be Replaced"),
        Problem::MayReplaceApp { app_id, replaced_by: Some(_), .. } => {
            gettext_f("{app id} Was Replaced", &[("app id", &text::within(app_id))])
        }
        Problem::MayReplaceApp { app_id, .. } => {
            gettext_f("{app id} Can Be Replaced", &[("app id", &text::within(app_id))])
        }
        _ => gettext("Usher May Have Been Replaced"),
    }
}

fn advice(impostor: &Impostor) -> Advice {
    let (app, repository) = (app(&impostor.problem), repository(impostor));
    let values = [("app id", app.as_str()), ("repository", repository.as_str())];
    let description = match &impostor.problem {
        Problem::SecondUsher { .. } => gettext_f(
            "{app id} is also installed from “{repository}”. It can take the place of Usher and use its sign-ins. If this is not expected, remove it.",
            &values,
        ),
        Problem::TakesNames { .. } => gettext_f(
            "{app id} can pretend to be Usher and use its sign-ins. If this is not expected, remove it.",
            &values,
        ),
        Problem::CameAlong { .. } => gettext_f(
            "“{repository}” installed Usher, and reinstalls it whenever it is removed. If this is not wanted, prevent it. Usher itself stays installed.",
            &values,
        ),
        Problem::MayReplaceUsher { .. } => gettext_f(
            "“{repository}” can replace Usher with a program of its own in any update. If this is not expected, prevent it.",
            &values,
        ),
        Problem::MayReplaceApp { replaced_by: Some(_), .. } => gettext_f(
            "“{repository}” replaced {app id} with a program of its own. If this is not expected, remove it.",
            &values,
        ),
        _ => gettext_f(
            "“{repository}” can replace {app id} with a program of its own in any update. If this is not expected, prevent it.",
            &values,
        ),
    };
    Advice { heading: title(&impostor.problem), description, facts: facts(impostor), command: impostor.problem.fix() }
}

fn facts(impostor: &Impostor) -> Vec<(String, String)> {
    let mut facts = Vec::new();
    match &impostor.problem {
        Problem::SecondUsher { app, .. } => facts.push((gettext("App"), text::plain(app))),
        Problem::TakesNames { app_id, .. } => facts.push((gettext("App"), text::plain(app_id))),
        Problem::MayReplaceApp { app_id, origin, .. } => {
            let (app, origin) = (text::plain(app_id), text::within(origin));
            // Translators: an app, and the repository that it came from
            let from = gettext_f("{app id} from {repository}", &[("app id", &app), ("repository", &origin)]);
            facts.push((gettext("App"), from));
        }
        _ => {}
    }
    if let Some((name, place)) = impostor.behind() {
        facts.push((gettext("Repository"), text::plain(name)));
        facts.extend(impostor.address.as_deref().map(|address| (gettext("Address"), text::plain(address))));
        // Translators: for whom something is installed: “All users” or “Current user”
        facts.push((gettext("For"), text::installed_for(place)));
    }
    facts
}

/// The app that it is about, as part of a sentence.
fn app(problem: &Problem) -> String {
    match problem {
        // Of the ref, the part that people know.
        Problem::SecondUsher { app, .. } => {
            let id = app.parse::<FlatpakRef>().map_or_else(|_| app.clone(), |app| app.id().to_owned());
            text::within(&id)
        }
        Problem::TakesNames { app_id, .. } | Problem::MayReplaceApp { app_id, .. } => text::within(app_id),
        _ => String::new(),
    }
}

/// The repository that is behind it. By flatpak's own name: its title is the repository's to give, and could be anybody's.
fn repository(impostor: &Impostor) -> String {
    impostor.behind().map_or_else(String::new, |(name, _)| text::within(name))
}
