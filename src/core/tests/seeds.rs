// SPDX-License-Identifier: GPL-3.0-or-later
//! Everything that reads what others have written reads its seeds in `fuzz/seeds`, and damaged copies of them. The variable
//! `USHER_FUZZ_COPIES` says how many of each, `USHER_FUZZ_TARGET` for which target alone.

use std::{collections::BTreeSet, path::Path};

use usher_core::fuzzing::TARGETS;

/// More takes longer than it finds: libFuzzer looks deeper.
const COPIES: u64 = 40;

#[test]
fn every_target_reads_its_seeds_and_damaged_copies_of_them() {
    let variable = |name| std::env::var(name).ok();
    let copies = variable("USHER_FUZZ_COPIES").map_or(COPIES, |count| count.parse().expect("a number"));
    let only = variable("USHER_FUZZ_TARGET");
    let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/seeds");
    for target in TARGETS.iter().filter(|target| only.as_deref().is_none_or(|only| target.name == only)) {
        assert!(target.run_seeds(&seeds, copies) > 0, "{} has no seeds", target.name);
    }
}

#[test]
fn each_target_has_a_name_of_its_own() {
    let names: BTreeSet<_> = TARGETS.iter().map(|target| target.name).collect();
    assert_eq!(names.len(), TARGETS.len());
}
