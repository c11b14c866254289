// SPDX-License-Identifier: GPL-3.0-or-later
//! Logins of container registries that other programs keep on this computer: Podman, Docker, and flatpak's own
//! authenticator. A person takes one over with one press; the daemon never looks for any.
//!
//! ```text
//! places  where they lie, in which order      file    who may have written a file, and what it says
//! key     which registry an entry is for      helper  programs that keep logins
//! fault   why one is not used
//! ```
//!
//! Two steps: to find a login shows what it is and runs nothing; to read it gives the secret.

mod fault;
mod file;
#[cfg(any(test, feature = "testing"))]
pub(crate) mod fuzzing;
mod helper;
mod key;
mod places;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

pub use self::{
    fault::{EntryFault, Fault, FileFault, ProgramFault},
    key::Wanted,
    places::{Places, Source},
};
use self::{
    file::{Contents, Entry},
    key::Key,
    places::Place,
};
use crate::{
    binding::Binding,
    credential::Secret,
    files,
    i18n::{gettext, gettext_f},
    provider::Field,
    remote,
    service::ServiceUrl,
};

/// A login that lies on this computer. It holds no secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Login {
    registry: ServiceUrl,
    user: Option<String>,
    program: Option<PathBuf>,
    place: Place,
    key: String,
}

/// What was found for one registry.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Finding {
    /// The login to offer.
    pub login: Option<Login>,
    /// What is not used, and why.
    pub faults: Vec<Fault>,
}

/// What lies on this computer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listing {
    /// One login for each registry, sorted by host.
    pub logins: Vec<Login>,
    /// What is not used, and why.
    pub faults: Vec<Fault>,
}

/// The secret part of a login.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoginSecret {
    /// The user's name.
    pub user: String,
    /// The password, or an access token in its place.
    pub password: Secret,
}

impl LoginSecret {
    /// The answer to a form with these fields. `None` if it asks for anything else than a user name and a password.
    pub fn answer(&self, fields: &[Field]) -> Option<Vec<Secret>> {
        let user = Secret::try_from(self.user.clone()).ok()?;
        let fill = |field: &Field| match field {
            Field::User => Some(user.clone()),
            Field::Password => Some(self.password.clone()),
            Field::Token => None,
        };
        fits(fields).then(|| fields.iter().map(fill).collect()).flatten()
    }
}

/// Whether a login can be the answer to a form with these fields.
pub fn fits(fields: &[Field]) -> bool {
    matches!(fields, [Field::User, Field::Password] | [Field::Password, Field::User])
}

/// Why no login of other programs is found inside a Flatpak sandbox, and what to do instead.
pub fn not_in_sandbox() -> String {
    gettext("In a Flatpak, Usher cannot see the sign-ins of other programs. Use the user name and password instead.")
}

/// Looks for the login at the server of a binding: one that serves all that is known of its repositories, of those with
/// these apps first. `None` where other programs keep none, or none can be seen. Runs nothing. To be called in a tokio
/// runtime.
pub async fn find_at(binding: &Binding, app_ids: &[String]) -> Option<Finding> {
    let places = Places::of_process().filter(|_| binding.provider.takes_registry_logins())?;
    let samples = remote::samples_at(binding, app_ids).await;
    let repositories: Vec<&str> = samples.iter().filter_map(|ask| ask.repository.as_deref()).collect();
    Some(places.find(&Wanted::new(binding.service.clone(), &repositories)).await)
}

impl Places {
    /// Looks for the login of a registry: the first that can be used. Runs nothing.
    pub async fn find(&self, wanted: &Wanted) -> Finding {
        let wanted = wanted.clone();
        self.look(move |files| files.find(&wanted))
            .await
            .unwrap_or_else(|fault| Finding { login: None, faults: vec![fault] })
    }

    /// Looks for the logins of all registries. Runs nothing.
    pub async fn list(&self) -> Listing {
        self.look(Files::list).await.unwrap_or_else(|fault| Listing { logins: Vec::new(), faults: vec![fault] })
    }

    async fn look<T: Send + 'static>(&self, look: impl FnOnce(Files) -> T + Send + 'static) -> Result<T, Fault> {
        let (places, home) = (self.clone(), self.home.clone().unwrap_or_else(|| "/".into()));
        files::apart(&home, move || look(Files::read(places))).await.map_err(|_| Fault::Disk)
    }
}

/// What all the files say.
struct Files {
    read: Vec<(Place, Contents)>,
    faults: Vec<Fault>,
    program_folders: Vec<PathBuf>,
}

impl Files {
    fn read(places: Places) -> Self {
        let (mut read, mut faults) = (Vec::new(), Vec::new());
        for place in places.files {
            match file::read(&place) {
                Ok(contents) => read.extend(contents.map(|contents| (place, contents))),
                Err(fault) => faults.push(fault),
            }
        }
        Self { read, faults, program_folders: places.program_folders }
    }

    fn find(self, wanted: &Wanted) -> Finding {
        let (login, faults) = self.first(wanted);
        Finding { login, faults: self.faults.into_iter().chain(faults).collect() }
    }

    /// The first login of a registry that can be used, and what is wrong with those before it.
    fn first(&self, wanted: &Wanted) -> (Option<Login>, Vec<Fault>) {
        let mut faults = Vec::new();
        for (place, contents) in &self.read {
            let Some((key, entry)) = contents.best(wanted) else { continue };
            match self.login(wanted.registry(), place, key, &entry) {
                Ok(login) => return (Some(login), faults),
                Err(fault) => faults.push(fault),
            }
        }
        (None, faults)
    }

    fn login(&self, registry: &ServiceUrl, place: &Place, key: &str, entry: &Entry<'_>) -> Result<Login, Fault> {
        let fault = |fault| Fault::Entry(place.path.clone(), fault);
        let (user, program) = match entry {
            Entry::Text(auth) => (Some(file::decode(auth).ok_or(fault(EntryFault::Damaged))?.0), None),
            Entry::IdentityToken => return Err(fault(EntryFault::IdentityToken)),
            Entry::Helper(name) => {
                let found = helper::find(name, &self.program_folders).ok_or(fault(EntryFault::HelperName))?;
                (None, Some(found?))
            }
        };
        Ok(Login { registry: registry.clone(), user, program, place: place.clone(), key: key.to_owned() })
    }

    fn list(self) -> Listing {
        let keys = self.read.iter().flat_map(|(_, contents)| contents.entries().map(|(key, _)| Key(key)));
        let mut registries: Vec<ServiceUrl> = keys.filter_map(Key::registry).collect();
        registries.sort_by_key(|registry| (registry.host(), registry.clone()));
        registries.dedup();
        let found: Vec<_> = registries.into_iter().map(|registry| self.first(&Wanted::new(registry, &[]))).collect();
        let mut listing = Listing { logins: Vec::new(), faults: self.faults };
        for (login, faults) in found {
            listing.logins.extend(login);
            listing.faults.extend(faults);
        }
        listing.faults.dedup();
        listing
    }
}

impl Login {
    /// The registry that it is for.
    pub fn registry(&self) -> &ServiceUrl {
        &self.registry
    }

    /// The user's name. `None` where only a program knows it.
    pub fn user(&self) -> Option<&str> {
        self.user.as_deref()
    }

    /// Who keeps it.
    pub fn source(&self) -> Source {
        self.place.source
    }

    /// The program that is run to read it.
    pub fn program(&self) -> Option<&Path> {
        self.program.as_deref()
    }

    /// Where it comes from, for a row.
    pub fn origin(&self) -> String {
        match (&self.program, self.place.source) {
            (Some(program), _) => {
                gettext_f("{program} is run to read it", &[("program", &program.display().to_string())])
            }
            (None, Source::Podman) => gettext("From Podman"),
            (None, Source::Docker) => gettext("From Docker"),
            (None, Source::Flatpak) => gettext("From flatpak"),
            (None, Source::Administrator) => gettext("Set by the administrator"),
        }
    }

    /// Reads the secret. To be called when the person has chosen this login. Fails if it is not what was found.
    pub async fn read(&self) -> Result<LoginSecret, Fault> {
        let (user, password) = if let Some(program) = &self.program {
            let asked = helper::ask(program, &self.key, helper::TIME_LIMIT).await;
            asked.map_err(|fault| Fault::Program(program.clone(), fault))?
        } else {
            let login = self.clone();
            files::apart(&self.place.path, move || login.read_file()).await.map_err(|_| Fault::Disk)??
        };
        Ok(LoginSecret { user, password })
    }

    fn read_file(&self) -> Result<(String, Secret), Fault> {
        let changed = || Fault::Entry(self.place.path.clone(), EntryFault::Changed);
        let contents = file::read(&self.place)?.ok_or_else(changed)?;
        let entry = contents.entries().find_map(|(key, entry)| (key == self.key).then_some(entry));
        let Some(Entry::Text(auth)) = entry else { return Err(changed()) };
        let (user, password) = file::decode(auth).ok_or_else(changed)?;
        if self.user.as_ref() == Some(&user) { Ok((user, password)) } else { Err(changed()) }
    }
}
