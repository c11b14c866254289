// SPDX-License-Identifier: GPL-3.0-or-later
//! Checking access tokens of an issuer: JSON Web Tokens for this shop (RFC 9068), signed with RSA or ECDSA.

use std::{
    collections::{HashMap, HashSet},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use reqwest::Client;
use ring::signature::{ECDSA_P256_SHA256_FIXED, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents, UnparsedPublicKey};
use serde::{Deserialize, de::DeserializeOwned};
use url::Url;

use super::Issuer;
use crate::{
    StoreError,
    shop::NotSignedIn,
    tokens::{TokenError, now},
};

/// How long the issuer may take to answer.
const LIMIT: Duration = Duration::from_secs(10);

/// Checks access tokens of one issuer.
#[derive(Debug)]
pub(crate) struct AccessTokens {
    issuer: Issuer,
    audience: Url,
    http: Client,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// The issuer's keys by their id, as of the last time that one was missing.
    keys: HashMap<String, Key>,
    /// The ids of the tokens that were used, with their users.
    used: HashMap<String, String>,
    /// The ids of the tokens that are no longer accepted.
    ended: HashSet<String>,
}

/// A public key (RFC 7517).
#[derive(Clone, Debug, Deserialize)]
struct Key {
    #[serde(default)]
    kid: String,
    #[serde(default)]
    n: String,
    #[serde(default)]
    e: String,
    #[serde(default)]
    x: String,
    #[serde(default)]
    y: String,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    #[serde(default)]
    kid: String,
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    aud: Audience,
    exp: i64,
    sub: String,
    #[serde(default)]
    jti: String,
    preferred_username: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Several(Vec<String>),
}

impl AccessTokens {
    /// Checks tokens of `issuer` for the shop at `audience`.
    pub(crate) fn new(issuer: Issuer, audience: Url) -> Result<Self, StoreError> {
        // Another part of the program may have chosen one before.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = Client::builder().no_proxy().timeout(LIMIT).build()?;
        Ok(Self { issuer, audience, http, state: Mutex::default() })
    }

    /// The name of the token's user.
    pub(crate) async fn user(&self, token: &str) -> Result<Result<String, NotSignedIn>, StoreError> {
        let Ok((header, claims)) = read::<Header, Claims>(token) else {
            return Ok(Err(NotSignedIn("The access token is not valid.")));
        };
        let Some(key) = self.key(&header.kid).await? else {
            return Ok(Err(NotSignedIn("The access token is signed with an unknown key.")));
        };
        if verify(token, &header.alg, &key).is_err() {
            return Ok(Err(NotSignedIn("The access token is not valid.")));
        }
        Ok(self.check(claims).map_err(NotSignedIn))
    }

    fn check(&self, claims: Claims) -> Result<String, &'static str> {
        let audience = match claims.aud {
            Audience::One(audience) => vec![audience],
            Audience::Several(audiences) => audiences,
        };
        if claims.iss != self.issuer.address {
            return Err("The access token is from another issuer.");
        }
        if !audience.iter().any(|audience| Url::parse(audience).is_ok_and(|audience| audience == self.audience)) {
            return Err("The access token is for another server.");
        }
        if claims.exp <= now() {
            return Err("The access token has expired.");
        }
        let user = claims.preferred_username.unwrap_or(claims.sub);
        let mut state = self.lock();
        if state.ended.contains(&claims.jti) {
            return Err("The access token is no longer accepted.");
        }
        state.used.insert(claims.jti, user.clone());
        Ok(user)
    }

    /// Accepts no longer what this user, or anybody, has used so far. Returns how many tokens there are.
    pub(crate) fn end(&self, user: Option<&str>) -> usize {
        let mut state = self.lock();
        let ended: Vec<_> = state.used.extract_if(|_, owner| user.is_none_or(|user| owner == user)).collect();
        let count = ended.len();
        state.ended.extend(ended.into_iter().map(|(id, _)| id));
        count
    }

    /// The key of this id. Asks the issuer for its keys if it is a new one.
    async fn key(&self, id: &str) -> Result<Option<Key>, StoreError> {
        if let Some(key) = self.lock().keys.get(id) {
            return Ok(Some(key.clone()));
        }
        let keys = self.keys().await?;
        let key = keys.get(id).cloned();
        self.lock().keys = keys;
        Ok(key)
    }

    async fn keys(&self) -> Result<HashMap<String, Key>, StoreError> {
        #[derive(Deserialize)]
        struct Metadata {
            jwks_uri: String,
        }
        #[derive(Deserialize)]
        struct Keys {
            keys: Vec<Key>,
        }
        let address = self.issuer.address.trim_end_matches('/');
        let metadata: Metadata = self.get(&format!("{address}/.well-known/openid-configuration")).await?;
        let found: Keys = self.get(&metadata.jwks_uri).await?;
        Ok(found.keys.into_iter().map(|key| (key.kid.clone(), key)).collect())
    }

    async fn get<T: DeserializeOwned>(&self, address: &str) -> Result<T, StoreError> {
        let body = self.http.get(address).send().await?.error_for_status()?.bytes().await?;
        serde_json::from_slice(&body)
            .map_err(|_| StoreError::Issuer(format!("{address} is not the JSON that was expected")))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn decode(part: &str) -> Result<Vec<u8>, TokenError> {
    URL_SAFE_NO_PAD.decode(part).map_err(|_| TokenError::Malformed)
}

/// The header and the claims of a token, without a check.
fn read<H: DeserializeOwned, C: DeserializeOwned>(token: &str) -> Result<(H, C), TokenError> {
    let mut parts = token.split('.');
    let mut part = || decode(parts.next().ok_or(TokenError::Malformed)?);
    let header = serde_json::from_slice(&part()?).map_err(|_| TokenError::Malformed)?;
    let claims = serde_json::from_slice(&part()?).map_err(|_| TokenError::Claims)?;
    Ok((header, claims))
}

/// Checks the signature.
fn verify(token: &str, algorithm: &str, key: &Key) -> Result<(), TokenError> {
    let (signed, signature) = token.rsplit_once('.').ok_or(TokenError::Malformed)?;
    let signature = decode(signature)?;
    let verified = match algorithm {
        "RS256" => RsaPublicKeyComponents { n: decode(&key.n)?, e: decode(&key.e)? }.verify(
            &RSA_PKCS1_2048_8192_SHA256,
            signed.as_bytes(),
            &signature,
        ),
        "ES256" => {
            let point = [vec![4], decode(&key.x)?, decode(&key.y)?].concat();
            UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(signed.as_bytes(), &signature)
        }
        _ => return Err(TokenError::Malformed),
    };
    verified.map_err(|_| TokenError::Signature)
}

#[cfg(test)]
mod tests {
    use axum::{Json, Router, routing::get};
    use ring::{
        rand::SystemRandom,
        signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair},
    };
    use serde_json::{Value, json};
    use std::sync::Arc;

    use super::*;

    /// An issuer with one key at a time.
    struct TestIssuer {
        address: String,
        key: EcdsaKeyPair,
        keys: Arc<Mutex<Value>>,
    }

    impl TestIssuer {
        async fn open() -> Self {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = format!("http://{}", listener.local_addr().unwrap());
            let keys = Arc::new(Mutex::new(Value::Null));
            let (served, metadata) = (Arc::clone(&keys), json!({ "jwks_uri": format!("{address}/keys") }));
            let router = Router::new()
                .route("/.well-known/openid-configuration", get(async || Json(metadata)))
                .route("/keys", get(async move || Json(served.lock().unwrap().clone())));
            tokio::spawn(async move { axum::serve(listener, router).await });
            let mut issuer = Self { address, key: new_key(), keys };
            issuer.rotate("one");
            issuer
        }

        fn rotate(&mut self, kid: &str) {
            self.key = new_key();
            let (x, y) = self.key.public_key().as_ref()[1..].split_at(32);
            let (x, y) = (URL_SAFE_NO_PAD.encode(x), URL_SAFE_NO_PAD.encode(y));
            *self.keys.lock().unwrap() =
                json!({ "keys": [{ "kty": "EC", "crv": "P-256", "kid": kid, "x": x, "y": y }] });
        }

        fn token(&self, header: &Value, claims: &Value) -> String {
            let [header, claims] = [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part.to_string()));
            let signed = format!("{header}.{claims}");
            let signature = self.key.sign(&SystemRandom::new(), signed.as_bytes()).unwrap();
            format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
        }

        fn shop(&self) -> AccessTokens {
            let issuer = Issuer { address: self.address.clone(), client_id: "usher".to_owned() };
            AccessTokens::new(issuer, Url::parse("http://127.0.0.1:1/").unwrap()).unwrap()
        }

        fn claims(&self) -> Value {
            json!({ "iss": self.address, "aud": "http://127.0.0.1:1/", "exp": now() + 60, "sub": "demo", "jti": "a" })
        }
    }

    fn new_key() -> EcdsaKeyPair {
        let random = SystemRandom::new();
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
        EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8.as_ref(), &random).unwrap()
    }

    #[tokio::test]
    async fn a_token_of_the_issuer_for_this_shop_is_accepted_and_no_other() {
        let issuer = TestIssuer::open().await;
        let shop = issuer.shop();
        let header = json!({ "alg": "ES256", "kid": "one" });
        let good = issuer.token(&header, &issuer.claims());
        assert_eq!(shop.user(&good).await.unwrap(), Ok("demo".to_owned()));
        let changed = |name: &str, value: Value| {
            let mut claims = issuer.claims();
            claims[name] = value;
            issuer.token(&header, &claims)
        };
        let both = changed("aud", json!(["elsewhere", "http://127.0.0.1:1"]));
        assert_eq!(shop.user(&both).await.unwrap(), Ok("demo".to_owned()));
        for bad in [
            changed("aud", json!("http://127.0.0.1:2/")),
            changed("iss", json!("https://other.example.org")),
            changed("exp", json!(now())),
            issuer.token(&json!({ "alg": "none", "kid": "one" }), &issuer.claims()),
            issuer.token(&json!({ "alg": "ES256", "kid": "two" }), &issuer.claims()),
            format!("{good}A"),
            good.rsplit_once('.').unwrap().0.to_owned(),
            "opaque".to_owned(),
        ] {
            assert!(shop.user(&bad).await.unwrap().is_err(), "{bad}");
        }
    }

    #[tokio::test]
    async fn a_new_key_is_fetched_and_the_old_one_ends() {
        let mut issuer = TestIssuer::open().await;
        let shop = issuer.shop();
        let old = issuer.token(&json!({ "alg": "ES256", "kid": "one" }), &issuer.claims());
        assert!(shop.user(&old).await.unwrap().is_ok());
        issuer.rotate("two");
        let new = issuer.token(&json!({ "alg": "ES256", "kid": "two" }), &issuer.claims());
        assert!(shop.user(&new).await.unwrap().is_ok());
        assert!(shop.user(&old).await.unwrap().is_err());
    }

    #[tokio::test]
    async fn what_was_used_can_be_ended() {
        let issuer = TestIssuer::open().await;
        let shop = issuer.shop();
        let token = issuer.token(&json!({ "alg": "ES256", "kid": "one" }), &issuer.claims());
        assert!(shop.user(&token).await.unwrap().is_ok());
        assert_eq!((shop.end(Some("demo2")), shop.end(Some("demo")), shop.end(None)), (0, 1, 0));
        assert_eq!(shop.user(&token).await.unwrap(), Err(NotSignedIn("The access token is no longer accepted.")));
    }
}
