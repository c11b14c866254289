// SPDX-License-Identifier: GPL-3.0-or-later
//! The table of stories that every provider passes, on real parts: flatpak's command line, the daemon, the keyring, the window
//! and `usherctl`.
//!
//! A row is a function over [`kind::Kind`], and stands once in `table!`. A provider is an implementation of `Kind` and one line
//! at the end of this file. Its tests are called `providers::NAME::ROW`.
//!
//! | module | has |
//! |---|---|
//! | `kind` | what a row needs to know of a server |
//! | `row` | the steps that rows have in common |
//! | `signing_in`, `ending`, `trouble` | the rows |
//! | `shops`, `registry`, `openid` | the kinds of servers |

mod ending;
mod kind;
mod openid;
mod registry;
mod row;
mod shops;
mod signing_in;
mod trouble;

/// Makes a test of every row for one kind of server.
macro_rules! table {
    ($provider:ident, $kind:ty) => {
        rows! { $provider, $kind,
            signing_in::signing_in_in_the_window_is_enough_to_install,
            signing_in::signing_in_in_a_terminal_is_enough_to_install,
            signing_in::a_wrong_credential_is_said_and_the_right_one_then_works,
            ending::a_lapsed_sign_in_stops_no_update_and_signing_in_again_keeps_the_account,
            ending::signing_out_says_what_the_server_did_and_an_install_asks_again,
            ending::window_and_terminal_show_the_same_account,
            trouble::a_server_that_is_down_is_named_and_nothing_is_lost,
            trouble::what_is_left_half_way_leaves_nothing_and_the_next_try_works,
            trouble::two_at_once_are_one_account,
        }
    };
}

macro_rules! rows {
    ($provider:ident, $kind:ty, $($group:ident::$row:ident),* $(,)?) => {
        mod $provider {
            $(
                #[tokio::test(flavor = "multi_thread")]
                async fn $row() {
                    let name = concat!("providers-", stringify!($provider), "-", stringify!($row));
                    super::$group::$row::<$kind>(name).await;
                }
            )*
        }
    };
}

table!(webflow, super::shops::Webflow);
table!(basic, super::shops::Basic);
table!(oci, super::registry::Oci);
table!(token, super::shops::Token);
table!(oauth2, super::openid::Oauth2);
