// SPDX-License-Identifier: GPL-3.0-or-later
//! Where logins lie on a computer, in the order in which they are looked for.

use std::path::{Path, PathBuf};

use crate::names;

/// Who keeps a login.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// Podman, and the programs that share its file.
    Podman,
    /// Docker.
    Docker,
    /// The person's own file of flatpak's authenticator.
    Flatpak,
    /// The administrator's file of flatpak's authenticator.
    Administrator,
}

/// A file that may hold logins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) path: PathBuf,
    pub(super) source: Source,
    /// The number of the user to whom the file has to belong.
    pub(super) owner: u32,
}

/// The files that may hold logins, and the folders of programs that may read one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Places {
    pub(super) files: Vec<Place>,
    /// Nobody but the administrator puts programs there. Never the folders of a variable.
    pub(super) program_folders: Vec<PathBuf>,
    pub(super) home: Option<PathBuf>,
}

impl Places {
    /// Those of this computer and this person. `None` inside a Flatpak sandbox, which has files and programs of its own.
    pub fn of_process() -> Option<Self> {
        let user = rustix::process::geteuid().as_raw();
        let variable = |name: &str| std::env::var_os(name).map(PathBuf::from);
        (!names::in_sandbox()).then(|| Self::of(variable, user, Path::new("/")))
    }

    /// Those below a root folder. Only absolute paths in variables count.
    pub(super) fn of(variable: impl Fn(&str) -> Option<PathBuf>, user: u32, root: &Path) -> Self {
        let folder = |name: &str| variable(name).filter(|path| path.is_absolute());
        let home = folder("HOME");
        let config = folder("XDG_CONFIG_HOME").or_else(|| Some(home.as_ref()?.join(".config")));
        let docker = folder("DOCKER_CONFIG").or_else(|| Some(home.as_ref()?.join(".docker")));
        let run = folder("XDG_RUNTIME_DIR").map(|folder| folder.join("containers/auth.json"));
        let person = |path: Option<PathBuf>, source| path.map(|path| Place { path, source, owner: user });
        let of_system = root.join(format!("run/containers/{user}/auth.json"));
        let of_administrator = root.join("etc/flatpak/oci-auth.json");
        let files = [
            person(folder("REGISTRY_AUTH_FILE"), Source::Podman),
            person(run, Source::Podman),
            person(config.as_ref().map(|folder| folder.join("containers/auth.json")), Source::Podman),
            person(docker.map(|folder| folder.join("config.json")), Source::Docker),
            person(config.as_ref().map(|folder| folder.join("flatpak/oci-auth.json")), Source::Flatpak),
            Some(Place { path: of_administrator, source: Source::Administrator, owner: 0 }),
            person(Some(of_system), Source::Podman),
        ];
        let mut distinct = Vec::<Place>::new();
        for place in files.into_iter().flatten() {
            if distinct.iter().all(|known| known.path != place.path) {
                distinct.push(place);
            }
        }
        let program_folders = ["usr/bin", "usr/local/bin"].map(|folder| root.join(folder)).into();
        Self { files: distinct, program_folders, home }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_files_are_looked_at_in_the_order_of_podman_docker_and_flatpak() {
        let paths = |variables: &[(&str, &str)]| -> Vec<String> {
            let variable = |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, path)| path.into());
            let places = Places::of(variable, 1000, Path::new("/"));
            places.files.iter().map(|place| place.path.display().to_string()).collect()
        };
        let of_system = ["/etc/flatpak/oci-auth.json", "/run/containers/1000/auth.json"];
        let of_home = [
            "/home/ada/.config/containers/auth.json",
            "/home/ada/.docker/config.json",
            "/home/ada/.config/flatpak/oci-auth.json",
        ];
        let run = "/run/user/1000/containers/auth.json";
        let home = ("HOME", "/home/ada");
        assert_eq!(paths(&[]), of_system);
        assert_eq!(paths(&[("HOME", "home"), ("DOCKER_CONFIG", ""), ("REGISTRY_AUTH_FILE", "auth.json")]), of_system);
        assert_eq!(
            paths(&[home, ("XDG_RUNTIME_DIR", "/run/user/1000"), ("REGISTRY_AUTH_FILE", "/keys/auth.json")]),
            [&["/keys/auth.json", run][..], &of_home, &of_system].concat()
        );
        assert_eq!(
            paths(&[home, ("XDG_CONFIG_HOME", "/config"), ("DOCKER_CONFIG", "/docker")]),
            [&["/config/containers/auth.json", "/docker/config.json", "/config/flatpak/oci-auth.json"][..], &of_system]
                .concat()
        );
        let twice = ("REGISTRY_AUTH_FILE", "/home/ada/.docker/config.json");
        assert_eq!(paths(&[home, twice]), [&[twice.1, of_home[0], of_home[2]][..], &of_system].concat());
    }
}
