// SPDX-License-Identifier: GPL-3.0-or-later
//! What several providers read and write: the API of account servers, what an answer means, challenges, JSON, hints in a
//! JWT.

pub(crate) mod api;
pub(crate) mod challenges;
pub mod json;
pub mod jwt;
pub(crate) mod store_api;
