// SPDX-License-Identifier: GPL-3.0-or-later
//! What several pages use: rows, buttons and lines, and how labels break, messages appear and widgets are named.

pub(crate) mod accessible;
mod account_choice;
mod advice;
mod banner;
mod body;
mod busy_button;
mod busy_page;
mod closures;
mod copy_button;
mod descendant;
pub(crate) mod escape;
mod familiarity_line;
pub(crate) mod field;
mod first_frame;
pub(crate) mod focus;
pub(crate) mod guard;
mod heading;
pub(crate) mod labels;
mod messages;
mod more_ways;
mod offer_row;
mod offline_banner;
mod problem_view;
mod row_group;
mod row_menu;
mod row_parts;
mod status_page;
pub(crate) mod toast;
mod usage;
mod wait;
mod why_list;

pub(crate) use self::{
    account_choice::account_choices,
    advice::{Advice, AdvicePage},
    banner::{BannerText, show_banner},
    body::Body,
    busy_button::BusyButton,
    busy_page::BusyPage,
    closures::Closures,
    copy_button::CopyButton,
    familiarity_line::FamiliarityLine,
    first_frame::after_first_frame,
    guard::Guard,
    heading::Heading,
    more_ways::MoreWays,
    offer_row::{Offer, OfferRow},
    offline_banner::show_offline,
    problem_view::{ProblemText, ProblemView},
    row_group::RowGroup,
    row_menu::{MenuEntry, row_menu},
    row_parts::{decorative_icon, settle_state, sign_in_name, state_label},
    status_page::follow_width,
    usage::when_used,
    wait::Wait,
    why_list::{Why, WhyList},
};
