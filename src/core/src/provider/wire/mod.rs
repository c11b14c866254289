// SPDX-License-Identifier: GPL-3.0-or-later
//! What several providers read and write: what an answer means, JSON, hints in a JWT.

pub(crate) mod api;
pub mod json;
pub mod jwt;
