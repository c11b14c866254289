// SPDX-License-Identifier: GPL-3.0-or-later
//! What the pages show: accounts, repositories, apps, notes of the daemon, the activity log, this Usher itself, settings, and what follows from them.

mod account_list;
mod activity;
mod apps;
mod attention;
mod changes;
mod decisions;
mod file_watch;
mod impostor;
mod network;
mod notes;
mod offered_repository;
mod own_installation;
pub(crate) mod permission;
mod repositories;
mod repository_use;
mod settings;
mod sign_in_place;

pub(crate) use account_list::{AccountList, KeyringState};
pub(crate) use activity::Activity;
pub(crate) use apps::{App, Apps};
pub(crate) use attention::{LeftOut, Need, Overview, Ready, Standing, Waiting, overview, waiting_for};
pub(crate) use changes::Changes;
pub(crate) use decisions::Decisions;
pub(crate) use impostor::Impostor;
pub(crate) use network::Network;
pub(crate) use notes::Notes;
pub(crate) use offered_repository::{OfferedRepository, SetUpState};
pub(crate) use own_installation::{Deployment, OwnInstallation};
pub(crate) use repositories::{Repositories, Repository};
pub(crate) use repository_use::{AccountChoices, RepositoryUse};
pub(crate) use settings::{Setting, Settings};
pub(crate) use sign_in_place::SignInPlace;
