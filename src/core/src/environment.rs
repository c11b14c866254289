// SPDX-License-Identifier: GPL-3.0-or-later
//! Environment variables that weaken a rule. Each program of Usher runs without them (rules R2, R17, R19).
//!
//! Libraries read many of these before `main`, so it would be too late to remove them there. A program that finds one
//! starts itself anew without.

use std::{
    env,
    ffi::{OsStr, OsString},
    io,
    os::unix::{ffi::OsStrExt, process::CommandExt},
    process::Command,
};

/// The names of the variables.
const HARMFUL: [&str; 22] = [
    // WebKit shows pages without its sandbox. The three of snaps do the same together, and every program that was
    // started from a terminal within a snap has them.
    "WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS",
    "WEBKIT_FORCE_SANDBOX",
    "SNAP",
    "SNAP_NAME",
    "SNAP_REVISION",
    // It lets more through the sandbox, or loads code of somebody else into the page's process.
    "WEBKIT_ENABLE_DEBUG_PERMISSIONS_IN_SANDBOX",
    "WEBKIT_A11Y_BUS_ADDRESS",
    "WEBKIT_INJECTED_BUNDLE_PATH",
    "WEBKIT_EXEC_PATH",
    "WEBKIT_GST_ALLOWED_URI_PROTOCOLS",
    // Everybody on this computer can read pages and steer them.
    "WEBKIT_INSPECTOR_SERVER",
    "WEBKIT_INSPECTOR_HTTP_SERVER",
    // The log gets addresses of pages, and what is typed into them.
    "WEBKIT_DEBUG",
    "WEBKIT_DEBUG_OUTPUT",
    "WEBKIT_ENABLE_DBUS_PROXY_LOGGING",
    "WEBKIT_ENABLE_A11Y_DBUS_PROXY_LOGGING",
    "GNUTLS_DEBUG_LEVEL",
    // Memory of scripts is no longer kept apart.
    "GIGACAGE_ENABLED",
    // The keys of encrypted connections go to a file, or the connections are allowed to be weak.
    "SSLKEYLOGFILE",
    "G_TLS_GNUTLS_PRIORITY",
    "GNUTLS_SYSTEM_PRIORITY_FILE",
    // Parts of a window look different, warnings for instance.
    "G_RESOURCE_OVERLAYS",
];

/// How the names of all options of WebKit's script engine begin.
const SCRIPT_ENGINE: &[u8] = b"JSC_";

/// Runs this program without variables that weaken a rule. Call it first in `main`.
///
/// If there is one, this starts the program anew in the same process and does not return. An error means that this is
/// impossible; the program must end then.
pub fn clean() -> io::Result<()> {
    let harmful: Vec<OsString> = env::vars_os().map(|(name, _)| name).filter(|name| is_harmful(name)).collect();
    if harmful.is_empty() {
        return Ok(());
    }
    let mut arguments = env::args_os();
    let mut again = Command::new(env::current_exe()?);
    if let Some(name) = arguments.next() {
        again.arg0(name);
    }
    again.args(arguments);
    for name in harmful {
        again.env_remove(name);
    }
    Err(again.exec())
}

fn is_harmful(name: &OsStr) -> bool {
    name.as_bytes().starts_with(SCRIPT_ENGINE) || HARMFUL.iter().any(|harmful| name == *harmful)
}

#[cfg(test)]
mod tests {
    use std::process::Output;

    use super::*;

    /// Stands in for a program: cleans its environment and prints what is left.
    #[test]
    #[ignore = "is run by others, with variables"]
    fn prints_its_environment() {
        clean().unwrap();
        let names = env::vars_os().map(|(name, _)| name.to_string_lossy().into_owned());
        println!("left: {}", names.collect::<Vec<_>>().join(" "));
    }

    fn run_with(variables: &[(&str, &str)]) -> Output {
        let mut program = Command::new(env::current_exe().unwrap());
        program.args(["--ignored", "--exact", "--nocapture", "environment::tests::prints_its_environment"]);
        program.envs(variables.iter().copied()).output().unwrap()
    }

    #[test]
    fn w21_no_variable_that_weakens_a_rule_is_left() {
        let options = ["JSC_useJIT", "JSC_dumpDisassembly"];
        let all: Vec<(&str, &str)> = HARMFUL.iter().chain(&options).map(|name| (*name, "1")).collect();
        for variables in all.iter().map(|one| vec![*one]).chain([all.clone()]) {
            let ended = run_with(&variables);
            let printed = String::from_utf8(ended.stdout).unwrap();
            let left = printed.lines().find_map(|line| line.split_once("left: ")).expect("it runs to its end").1;
            let left: Vec<&str> = left.split(' ').collect();
            assert!(left.contains(&"PATH"), "the others stay: {left:?}");
            for (name, _) in variables {
                assert!(!left.contains(&name), "{name}");
            }
        }
    }

    #[test]
    fn variables_that_people_need_stay() {
        for name in ["LANG", "GTK_THEME", "SSL_CERT_FILE", "GIO_EXTRA_MODULES", "WEBKIT_DISABLE_DMABUF_RENDERER", "JSC"]
        {
            assert!(!is_harmful(name.as_ref()), "{name}");
        }
    }
}
