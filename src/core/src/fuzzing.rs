// SPDX-License-Identifier: GPL-3.0-or-later
//! What damaged bytes are thrown at: everything here that reads what others have written, each as a function of bytes that
//! panics where something does not hold. `fuzz/` calls them with what libFuzzer makes up, and the tests with the seeds of
//! `fuzz/seeds`. No program contains them.
//!
//! ```text
//! texts  what people read, addresses, refs      files  files that others, or other versions, wrote
//! input  bytes as answers of servers, and in parts   damage  what becomes of a seed
//! ```
//!
//! What only a folder may see is fuzzed in a `fuzzing.rs` beside it.

mod damage;
mod files;
pub(crate) mod input;
mod texts;

use std::path::Path;

use crate::{provider, registry_logins, remote, report, store};

/// One thing that reads bytes.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// What it is called, on the command line and as the folder of its seeds.
    pub name: &'static str,
    /// Reads bytes. Panics where what it finds does not hold.
    pub run: fn(&[u8]),
}

impl Target {
    /// The target with this name.
    pub const fn new(name: &'static str, run: fn(&[u8])) -> Self {
        Self { name, run }
    }
}

/// How many damaged copies of each seed are read. More take longer than they find: libFuzzer looks deeper.
const COPIES: u64 = 40;

/// Reads every seed of these targets in `fuzz/seeds`, and damaged copies of each, always the same. The variable
/// `USHER_FUZZ_COPIES` says how many, `USHER_FUZZ_TARGET` for which target alone. Panics where a target has no seeds.
pub fn read_seeds(targets: &[Target]) {
    let variable = |name| std::env::var(name).ok();
    let copies = variable("USHER_FUZZ_COPIES").map_or(COPIES, |count| count.parse().expect("a number"));
    let only = variable("USHER_FUZZ_TARGET");
    let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/seeds");
    for target in targets.iter().filter(|target| only.as_deref().is_none_or(|only| target.name == only)) {
        let files = std::fs::read_dir(seeds.join(target.name)).into_iter().flatten();
        let mut paths: Vec<_> = files.map(|file| file.expect("a folder can be read").path()).collect();
        paths.sort();
        assert!(!paths.is_empty(), "{} has no seeds", target.name);
        for path in &paths {
            let seed = std::fs::read(path).expect("a seed is a file");
            (target.run)(&seed);
            (1..=copies).for_each(|number| (target.run)(&damage::damaged(&seed, number)));
        }
    }
}

/// All of them.
pub const TARGETS: &[Target] = &[
    Target::new("account_record", files::account_record),
    Target::new("activity_log", files::activity_log),
    Target::new("address", texts::address),
    Target::new("app_catalog", files::app_catalog),
    Target::new("json", files::json),
    Target::new("jwt", files::jwt),
    Target::new("key_file", files::key_file),
    Target::new("key_set", files::key_set),
    Target::new("keyring_file", store::fuzzing::keyring_file),
    Target::new("oauth2_answer", provider::oauth2::fuzzing::answer),
    Target::new("oauth2_identity", provider::oauth2::fuzzing::identity),
    Target::new("oauth2_metadata", provider::oauth2::fuzzing::metadata),
    Target::new("page_address", texts::page_address),
    Target::new("proxy", crate::http::fuzzing::proxy),
    Target::new("redaction", report::fuzzing::redaction),
    Target::new("redirect", texts::redirect),
    Target::new("refs", texts::refs),
    Target::new("registry_answer", provider::oci::fuzzing::answer),
    Target::new("registry_logins", registry_logins::fuzzing::file),
    Target::new("remote_config", files::remote_config),
    Target::new("repository_file", files::repository_file),
    Target::new("repository_list", remote::fuzzing::list),
    Target::new("repository_object", remote::fuzzing::object),
    Target::new("server_answer", provider::wire::store_api::fuzzing::answer),
    Target::new("state_file", files::state_file),
    Target::new("takeout", files::takeout),
    Target::new("text", texts::text),
    Target::new("user_code", texts::user_code),
];
