// SPDX-License-Identifier: GPL-3.0-or-later
//! A short soak; `build-aux/soak` does the same for hours.

use usher_tests::soak::Soak;

#[tokio::test(flavor = "multi_thread")]
async fn two_thousand_requests_with_all_kinds_of_trouble_have_one_end_each_and_leave_nothing() {
    // Another seed each day would find more, and a failure that nobody can repeat.
    let report = Soak { requests: 2000, seed: 14 }.run(|text| println!("{text}")).await;
    println!("{report}");
}
