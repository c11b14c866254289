// SPDX-License-Identifier: GPL-3.0-or-later
//! Everything that reads what others have written reads its seeds in `fuzz/seeds`, and damaged copies of them.

use std::collections::BTreeSet;

use usher_core::fuzzing::{TARGETS, read_seeds};

#[test]
fn every_target_reads_its_seeds_and_damaged_copies_of_them() {
    read_seeds(TARGETS);
}

#[test]
fn each_target_has_a_name_of_its_own() {
    let names: BTreeSet<_> = TARGETS.iter().map(|target| target.name).collect();
    assert_eq!(names.len(), TARGETS.len());
}
