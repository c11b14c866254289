// SPDX-License-Identifier: GPL-3.0-or-later
//! Recognises bus errors that mean nobody is there to answer. Pure.

/// Whether nobody owns the name that was called, or there is no bus.
pub(crate) fn is_absent(error: &zbus::Error) -> bool {
    match error {
        zbus::Error::MethodError(name, ..) => {
            let name = name.as_str();
            name.ends_with(".ServiceUnknown") || name.ends_with(".NameHasNoOwner") || name.contains(".Spawn.")
        }
        zbus::Error::FDO(error) => matches!(
            **error,
            zbus::fdo::Error::ServiceUnknown(_)
                | zbus::fdo::Error::NameHasNoOwner(_)
                | zbus::fdo::Error::SpawnFailed(_)
        ),
        zbus::Error::Address(_) | zbus::Error::Connection(..) | zbus::Error::InputOutput(_) => true,
        _ => false,
    }
}

/// Whether the called service lacks that method, interface or object.
pub(crate) fn is_unknown(error: &zbus::Error) -> bool {
    match error {
        zbus::Error::MethodError(name, ..) => {
            let name = name.as_str();
            ["UnknownMethod", "UnknownInterface", "UnknownObject"].iter().any(|last| name.ends_with(last))
        }
        _ => false,
    }
}
