// SPDX-License-Identifier: GPL-3.0-or-later
//! What each program does and how it looks: the window, the terminal, what a store asks, what a release holds.

mod access;
mod clipboard;
mod consent;
mod file_types;
mod harness;
mod icons;
mod launching;
mod look_alikes;
mod looks;
mod looks_buying;
mod looks_layout;
mod looks_permissions;
mod looks_window_ids;
mod looks_without_helper;
mod manifest;
mod messages;
mod presses;
mod purchase_pages;
mod release;
mod shop_pages;
mod usherctl;
mod usherctl_browser;
mod usherctl_buy;
mod usherctl_commands;
mod usherctl_doctor;
mod usherctl_folders;
mod usherctl_permissions;
mod usherctl_review;
mod usherctl_saving;
mod usherctl_terminal;
mod waiting;
mod web_contained;
mod web_pages;
mod web_popups;
mod words;
