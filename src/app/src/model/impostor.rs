// SPDX-License-Identifier: GPL-3.0-or-later
//! Who may have taken Usher's place, or could (rule R23), and where it came from.

use usher_core::{
    checks::{self, InstallationKind, Problem},
    remote::{self, Installation, Remote},
};

/// Something in an installation of this computer that may stand in for Usher.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Impostor {
    /// What was found.
    pub(crate) problem: Problem,
    /// The address of the repository that is behind it.
    pub(crate) address: Option<String>,
}

impl Impostor {
    /// All that these installations hold, the surest first.
    pub(super) fn all(installations: &[Installation]) -> Vec<Self> {
        let remotes = remote::remotes(installations);
        let found = checks::impostors(&checks::installation_facts(installations)).into_iter();
        found.map(|problem| Self { address: address_behind(&problem, &remotes), problem }).collect()
    }

    /// The repository that is behind it, as flatpak calls it, and where that is set up.
    pub(crate) fn behind(&self) -> Option<(&str, InstallationKind)> {
        behind(&self.problem)
    }
}

fn address_behind(problem: &Problem, remotes: &[Remote]) -> Option<String> {
    let (name, place) = behind(problem)?;
    let remote = remotes.iter().find(|remote| remote.name == name && InstallationKind::of(remote.is_user) == place)?;
    Some(remote.url.to_string())
}

fn behind(problem: &Problem) -> Option<(&str, InstallationKind)> {
    match problem {
        Problem::SecondUsher { origin, place, .. } | Problem::TakesNames { origin, place, .. } => {
            Some((origin, *place))
        }
        Problem::CameAlong { remote, place }
        | Problem::MayReplaceUsher { remote, place }
        | Problem::MayReplaceApp { remote, place, .. } => Some((remote, *place)),
        _ => None,
    }
}
