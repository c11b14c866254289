// SPDX-License-Identifier: GPL-3.0-or-later
//! Addresses at a listener that lead to the first page, each once: programs and clipboards get them in place of the page's
//! own address, which holds the state.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
};

use url::Url;

use crate::redirect::{RandomError, Redirect};

/// Most addresses that are known at once. One more takes the place of the oldest.
const PLACES: usize = 16;

/// Issues such addresses. Clones issue and know the same ones.
#[derive(Clone)]
pub struct OneTimeAddresses {
    port: u16,
    start: Url,
    issued: Arc<Mutex<VecDeque<Issued>>>,
}

struct Issued {
    address: Redirect,
    is_used: bool,
}

/// What a visit to a path is.
pub(super) enum Visit<'a> {
    /// The first one to an address: leads to the page.
    First(&'a Url),
    /// Another one.
    Again,
    /// The path is of no such address.
    Elsewhere,
}

impl OneTimeAddresses {
    pub(super) fn new(port: u16, start: Url) -> Self {
        Self { port, start, issued: Arc::default() }
    }

    /// Issues an address that leads to the first page once.
    pub fn issue(&self) -> Result<String, RandomError> {
        let address = Redirect::issue_at(self.port)?;
        let uri = address.uri();
        let mut issued = self.issued.lock().unwrap_or_else(PoisonError::into_inner);
        if issued.len() == PLACES {
            issued.pop_front();
        }
        issued.push_back(Issued { address, is_used: false });
        Ok(uri)
    }

    pub(super) fn visit(&self, path: &str) -> Visit<'_> {
        let mut issued = self.issued.lock().unwrap_or_else(PoisonError::into_inner);
        let found = issued.iter_mut().find(|issued| issued.address.path() == path);
        match found.map(|found| std::mem::replace(&mut found.is_used, true)) {
            Some(false) => Visit::First(&self.start),
            Some(true) => Visit::Again,
            None => Visit::Elsewhere,
        }
    }
}
