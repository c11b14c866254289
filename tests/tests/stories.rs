// SPDX-License-Identifier: GPL-3.0-or-later
//! The stories, from the first account to a repository file.

mod activity;
mod mirror;
mod picture;
mod providers;
mod story_01_account_needed;
mod story_02_continue;
mod story_03_account_first;
mod story_04_without_interaction;
mod story_05_keyring_locked;
mod story_07_updates;
mod story_08_buying;
mod story_09_leaving_a_purchase;
mod story_10_no_longer_owned;
mod story_11_already_bought;
mod story_12_terminal_alone;
mod story_13_continue_buying;
mod story_14_new_computer;
mod story_17_software;
mod story_18_impostors;
mod story_19_notifications;
mod story_20_repository_file;
mod story_31_more_questions;
mod story_32_offline;
mod story_33_kept_sign_in;
mod story_34_refused;
mod story_40_repositories;
mod story_41_use_usher;
mod story_45_password;
mod story_46_access_token;
mod story_47_import;
mod story_50_registry;
mod story_51_registry_troubles;
mod story_52_single_sign_on;
mod story_55_mirror;
mod verify;
