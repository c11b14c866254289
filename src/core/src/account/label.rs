// SPDX-License-Identifier: GPL-3.0-or-later
//! What an account is called.

use uuid::Uuid;

use super::Account;

/// What to call an account where a person reads it: by the person's name at the server. Some servers give the number of a
/// row for a name; then it is the person's own name for the account, else the host.
pub fn label(user: &str, own_name: Option<&str>, host: &str) -> String {
    if is_telling(user) { user.to_owned() } else { own_name.unwrap_or(host).to_owned() }
}

/// Whether a name says something to people: it is neither digits alone nor a UUID.
pub fn is_telling(user: &str) -> bool {
    let user = user.trim();
    !user.chars().all(char::is_numeric) && Uuid::try_parse(user).is_err()
}

impl Account {
    /// What to call the account: see [`label`].
    pub fn label(&self) -> String {
        label(&self.user, self.name.as_deref(), &self.binding.host())
    }

    /// Whether the person has a name at the server that says something to people.
    pub fn has_telling_name(&self) -> bool {
        self.is_named() && is_telling(&self.user)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    #[test]
    fn an_account_is_called_by_a_name_that_says_something() {
        let number = "6f1c2e0e-4a9d-4d1f-9a39-1d2c6d8f0a11";
        for (user, own_name, called) in [
            ("demo", None, "demo"),
            ("demo", Some("Work"), "demo"),
            ("1", None, "store.example.org"),
            ("1", Some("Work"), "Work"),
            (" 42 ", None, "store.example.org"),
            ("٤٢", None, "store.example.org"),
            ("", None, "store.example.org"),
            (number, None, "store.example.org"),
            (number, Some("Work"), "Work"),
            ("user1", None, "user1"),
            ("42nd", None, "42nd"),
            ("store.example.org", None, "store.example.org"),
        ] {
            assert_eq!(label(user, own_name, "store.example.org"), called, "{user}");
        }
        let has_name = |user| testing::account("https://store.example.org", user).has_telling_name();
        assert!(has_name("demo") && !has_name("7"));
        assert!(!has_name("store.example.org"), "the host stands for a name");
    }
}
