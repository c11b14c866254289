// SPDX-License-Identifier: GPL-3.0-or-later
//! The shop's database: users, their credentials, their access to apps, and their purchases.

use std::{
    num::NonZeroU32,
    path::Path,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use ring::pbkdf2;
use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::{StoreError, hex, tokens::now};

/// The accounts of every new shop. The password of each is its name.
pub const DEMO_USERS: [&str; 2] = ["demo", "demo2"];

const PASSWORD_ROUNDS: NonZeroU32 = NonZeroU32::new(10_000).expect("it is not zero");

const SCHEMA: &str = "
    PRAGMA foreign_keys = ON;
    CREATE TABLE IF NOT EXISTS settings (name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT;
    CREATE TABLE IF NOT EXISTS users (
        id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, salt BLOB NOT NULL, password BLOB NOT NULL) STRICT;
    CREATE TABLE IF NOT EXISTS credentials (
        id TEXT PRIMARY KEY, user INTEGER NOT NULL REFERENCES users, expires INTEGER NOT NULL,
        revoked INTEGER NOT NULL DEFAULT 0) STRICT;
    CREATE TABLE IF NOT EXISTS access (
        user INTEGER NOT NULL REFERENCES users, app TEXT NOT NULL, granted INTEGER NOT NULL,
        PRIMARY KEY (user, app)) STRICT;
    CREATE TABLE IF NOT EXISTS purchases (
        id TEXT PRIMARY KEY, user INTEGER NOT NULL REFERENCES users, app TEXT NOT NULL,
        done INTEGER NOT NULL DEFAULT 0) STRICT;
";

/// A user of the shop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct User {
    pub(crate) id: i64,
    pub(crate) name: String,
}

impl User {
    fn from_row(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self { id: row.get("id")?, name: row.get("name")? })
    }
}

/// Whether a credential is valid now.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum CredentialState {
    Valid(User),
    Expired,
    Revoked,
    Unknown,
}

/// A purchase, finished or not.
#[derive(Debug)]
pub(crate) struct Purchase {
    pub(crate) user: User,
    pub(crate) app: String,
    pub(crate) done: bool,
}

/// The shop's database.
#[derive(Debug)]
pub(crate) struct Database(Mutex<Connection>);

impl Database {
    /// Opens the database, or creates it with the demo users.
    pub(crate) fn open(path: &Path) -> Result<Self, StoreError> {
        let connection = Connection::open(path)?;
        connection.execute_batch(SCHEMA)?;
        for name in DEMO_USERS {
            let known = connection.query_row("SELECT 1 FROM users WHERE name = ?1", [name], |_| Ok(())).optional()?;
            if known.is_none() {
                insert_user(&connection, name, name)?;
            }
        }
        Ok(Self(Mutex::new(connection)))
    }

    fn lock(&self) -> MutexGuard<'_, Connection> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A secret of this shop: created at first use, then always the same.
    pub(crate) fn secret(&self, name: &str) -> Result<Vec<u8>, StoreError> {
        let connection = self.lock();
        connection
            .execute("INSERT OR IGNORE INTO settings (name, value) VALUES (?1, ?2)", params![name, random::<32>()?])?;
        Ok(connection.query_row("SELECT value FROM settings WHERE name = ?1", [name], |row| row.get(0))?)
    }

    /// The user with this name, whatever the password.
    pub(crate) fn user(&self, name: &str) -> Result<Option<User>, StoreError> {
        Ok(self.lock().query_row("SELECT id, name FROM users WHERE name = ?1", [name], User::from_row).optional()?)
    }

    /// The user with this id.
    pub(crate) fn user_by_id(&self, id: i64) -> Result<Option<User>, StoreError> {
        Ok(self.lock().query_row("SELECT id, name FROM users WHERE id = ?1", [id], User::from_row).optional()?)
    }

    /// The user with this name and password.
    pub(crate) fn check_password(&self, name: &str, password: &str) -> Result<Option<User>, StoreError> {
        let found: Option<(User, Vec<u8>, Vec<u8>)> = self
            .lock()
            .query_row("SELECT id, name, salt, password FROM users WHERE name = ?1", [name], |row| {
                Ok((User::from_row(row)?, row.get("salt")?, row.get("password")?))
            })
            .optional()?;
        Ok(found.and_then(|(user, salt, stored)| (stored == hash(password, &salt)).then_some(user)))
    }

    /// Stores a new credential, and returns its id and its expiry.
    pub(crate) fn add_credential(&self, user: &User, lifetime: Duration) -> Result<(String, i64), StoreError> {
        let id = random_id()?;
        let expires = now().saturating_add_unsigned(lifetime.as_secs());
        self.lock().execute(
            "INSERT INTO credentials (id, user, expires) VALUES (?1, ?2, ?3)",
            params![id, user.id, expires],
        )?;
        Ok((id, expires))
    }

    /// The state of the credential with this id.
    pub(crate) fn credential(&self, id: &str) -> Result<CredentialState, StoreError> {
        let query = "SELECT users.id, users.name, expires, revoked FROM credentials JOIN users ON users.id = user
                     WHERE credentials.id = ?1";
        let found = self
            .lock()
            .query_row(query, [id], |row| {
                Ok((User::from_row(row)?, row.get::<_, i64>("expires")?, row.get::<_, bool>("revoked")?))
            })
            .optional()?;
        Ok(match found {
            None => CredentialState::Unknown,
            Some((_, _, true)) => CredentialState::Revoked,
            Some((_, expires, false)) if expires <= now() => CredentialState::Expired,
            Some((user, _, false)) => CredentialState::Valid(user),
        })
    }

    /// Expires the credentials of one user, or of all users, now. Returns how many there are.
    pub(crate) fn expire(&self, user: Option<&User>) -> Result<usize, StoreError> {
        Ok(self
            .lock()
            .execute("UPDATE credentials SET expires = 0 WHERE ?1 IS NULL OR user = ?1", [user.map(|user| user.id)])?)
    }

    /// Revokes the credentials of one user, or of all users. Returns how many there are.
    pub(crate) fn revoke(&self, user: Option<&User>) -> Result<usize, StoreError> {
        Ok(self
            .lock()
            .execute("UPDATE credentials SET revoked = 1 WHERE ?1 IS NULL OR user = ?1", [user.map(|user| user.id)])?)
    }

    /// Revokes the credential with this id.
    pub(crate) fn end_credential(&self, id: &str) -> Result<(), StoreError> {
        self.lock().execute("UPDATE credentials SET revoked = 1 WHERE id = ?1", [id])?;
        Ok(())
    }

    /// Adds a user.
    pub(crate) fn add_user(&self, name: &str, password: &str) -> Result<(), StoreError> {
        insert_user(&self.lock(), name, password)
    }

    /// Adds a user whom another server knows.
    pub(crate) fn add_user_without_password(&self, name: &str) -> Result<User, StoreError> {
        let connection = self.lock();
        insert_user(&connection, name, &random_id()?)?;
        Ok(User { id: connection.last_insert_rowid(), name: name.to_owned() })
    }

    /// Changes the password of a user.
    pub(crate) fn set_password(&self, user: &User, password: &str) -> Result<(), StoreError> {
        let salt = random::<16>()?;
        self.lock().execute(
            "UPDATE users SET salt = ?2, password = ?3 WHERE id = ?1",
            params![user.id, salt, hash(password, &salt)],
        )?;
        Ok(())
    }

    /// The recorded access of this user to this app, if there is a record.
    pub(crate) fn access(&self, user: &User, app: &str) -> Result<Option<bool>, StoreError> {
        Ok(self
            .lock()
            .query_row("SELECT granted FROM access WHERE user = ?1 AND app = ?2", params![user.id, app], |row| {
                row.get(0)
            })
            .optional()?)
    }

    /// Records whether the user has access to an app.
    pub(crate) fn set_access(&self, user: &User, app: &str, granted: bool) -> Result<(), StoreError> {
        self.lock().execute(
            "INSERT INTO access (user, app, granted) VALUES (?1, ?2, ?3)
             ON CONFLICT (user, app) DO UPDATE SET granted = ?3",
            params![user.id, app, granted],
        )?;
        Ok(())
    }

    /// Begins a purchase, and returns its id. Whoever knows the id can finish the purchase.
    pub(crate) fn begin_purchase(&self, user: &User, app: &str) -> Result<String, StoreError> {
        let id = random_id()?;
        self.lock().execute("INSERT INTO purchases (id, user, app) VALUES (?1, ?2, ?3)", params![id, user.id, app])?;
        Ok(id)
    }

    /// The purchase with this id.
    pub(crate) fn purchase(&self, id: &str) -> Result<Option<Purchase>, StoreError> {
        let query = "SELECT users.id, users.name, app, done FROM purchases JOIN users ON users.id = user
                     WHERE purchases.id = ?1";
        Ok(self
            .lock()
            .query_row(query, [id], |row| {
                Ok(Purchase { user: User::from_row(row)?, app: row.get("app")?, done: row.get("done")? })
            })
            .optional()?)
    }

    /// Marks a purchase as paid. [`set_access`](Self::set_access) then gives the access.
    pub(crate) fn finish_purchase(&self, id: &str) -> Result<(), StoreError> {
        self.lock().execute("UPDATE purchases SET done = 1 WHERE id = ?1", [id])?;
        Ok(())
    }
}

fn random<const N: usize>() -> Result<[u8; N], StoreError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes)?;
    Ok(bytes)
}

fn random_id() -> Result<String, StoreError> {
    Ok(hex::encode(&random::<16>()?))
}

fn insert_user(connection: &Connection, name: &str, password: &str) -> Result<(), StoreError> {
    let salt = random::<16>()?;
    connection.execute(
        "INSERT INTO users (name, salt, password) VALUES (?1, ?2, ?3)",
        params![name, salt, hash(password, &salt)],
    )?;
    Ok(())
}

fn hash(password: &str, salt: &[u8]) -> [u8; 32] {
    let mut hash = [0; 32];
    pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA256, PASSWORD_ROUNDS, salt, password.as_bytes(), &mut hash);
    hash
}

#[cfg(test)]
mod tests {
    use super::*;

    fn database() -> Database {
        Database::open(Path::new(":memory:")).unwrap()
    }

    #[test]
    fn the_password_of_a_demo_user_is_the_name() {
        let database = database();
        assert_eq!(database.check_password("demo", "demo").unwrap().unwrap().name, "demo");
        assert_eq!(database.check_password("demo", "demo2").unwrap(), None);
        assert_eq!(database.check_password("nobody", "nobody").unwrap(), None);
    }

    #[test]
    fn revoking_one_users_credentials_leaves_the_others() {
        let database = database();
        let [one, two] = DEMO_USERS.map(|name| database.user(name).unwrap().unwrap());
        let hour = Duration::from_secs(3600);
        let (first, _) = database.add_credential(&one, hour).unwrap();
        let (second, _) = database.add_credential(&two, hour).unwrap();

        assert_eq!(database.revoke(Some(&one)).unwrap(), 1);

        assert_eq!(database.credential(&first).unwrap(), CredentialState::Revoked);
        assert_eq!(database.credential(&second).unwrap(), CredentialState::Valid(two));
        assert_eq!(database.expire(None).unwrap(), 2);
        assert_eq!(database.credential(&second).unwrap(), CredentialState::Expired);
        assert_eq!(database.credential("else").unwrap(), CredentialState::Unknown);
    }

    #[test]
    fn signing_out_ends_one_credential_alone() {
        let database = database();
        let user = database.user("demo").unwrap().unwrap();
        let [first, second] = [(); 2].map(|()| database.add_credential(&user, Duration::from_secs(3600)).unwrap().0);
        database.end_credential(&first).unwrap();
        assert_eq!(database.credential(&first).unwrap(), CredentialState::Revoked);
        assert_eq!(database.credential(&second).unwrap(), CredentialState::Valid(user));
    }

    #[test]
    fn a_new_password_takes_the_place_of_the_old_one() {
        let database = database();
        let user = database.user("demo").unwrap().unwrap();
        database.set_password(&user, "with: colon").unwrap();
        assert_eq!(database.check_password("demo", "demo").unwrap(), None);
        assert_eq!(database.check_password("demo", "with: colon").unwrap(), Some(user));
    }

    #[test]
    fn a_finished_purchase_belongs_to_its_user_alone() {
        let database = database();
        let [one, two] = DEMO_USERS.map(|name| database.user(name).unwrap().unwrap());
        let id = database.begin_purchase(&one, "org.example.Sketchbook").unwrap();
        let purchase = database.purchase(&id).unwrap().unwrap();
        assert_eq!(database.access(&one, "org.example.Sketchbook").unwrap(), None);

        database.finish_purchase(&id).unwrap();
        database.set_access(&purchase.user, &purchase.app, true).unwrap();

        assert!(database.purchase(&id).unwrap().unwrap().done);
        assert_eq!(database.access(&one, "org.example.Sketchbook").unwrap(), Some(true));
        assert_eq!(database.access(&two, "org.example.Sketchbook").unwrap(), None);
    }
}
