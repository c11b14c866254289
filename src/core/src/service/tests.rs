// SPDX-License-Identifier: GPL-3.0-or-later
use proptest::prelude::*;

use super::*;

fn service(text: &str) -> Result<String, UrlError> {
    ServiceUrl::parse(text).map(String::from)
}

#[test]
fn g04_spellings_of_one_address_are_equal() {
    for same in [
        "https://store.example.org",
        "https://store.example.org/",
        "HTTPS://STORE.example.org",
        "https://store.example.org:443/",
    ] {
        assert_eq!(service(same).unwrap(), "https://store.example.org/");
    }
    assert_eq!(service("https://store.example.org/base").unwrap(), "https://store.example.org/base/");
}

#[test]
fn g04_addresses_that_only_look_alike_are_refused_or_differ() {
    for refused in [
        "https://store.example.org./",
        "https://evil.example\\@store.example.org/",
        "https://store.example.org/a/%2e%2e/",
        "https://store.example.org/a/../b",
        "https://%73tore.example.org/",
        "https://127.1/",
        "https://0x7f000001/",
        "https:store.example.org",
        "//store.example.org",
        "https://",
        "https:///store.example.org",
        "https://störe.example.org/",
        "https://store.example.org:/",
        " https://store.example.org/",
    ] {
        assert_eq!(service(refused), Err(UrlError::NotAnAddress), "{refused}");
    }
    assert_eq!(service("https://store.example.org@evil.example/"), Err(UrlError::UserInfo));
    assert_eq!(service("https://store.example.org/?a=b"), Err(UrlError::Query));
    assert_eq!(service("https://store.example.org/#a"), Err(UrlError::Fragment));
    assert_eq!(service("ftp://store.example.org/"), Err(UrlError::NotSecure));
    assert_eq!(service("http://store.example.org/"), Err(UrlError::NotSecure));
    let own = ServiceUrl::parse("https://store.example.org/api").unwrap();
    for other in [
        "https://store.example.org.evil.example/api",
        "https://store.example.org/api-evil",
        "https://store.example.org:8443/api",
    ] {
        assert_ne!(ServiceUrl::parse(other).unwrap(), own);
    }
}

#[test]
fn an_address_that_is_accepted_can_be_read_again_however_long_it_is() {
    let start = "https://store.example.org/";
    for length in ADDRESS_LIMIT - 2..ADDRESS_LIMIT + 2 {
        let text = format!("{start}{}", "a".repeat(length - start.len()));
        let service = ServiceUrl::parse(&text);
        assert_eq!(service.is_ok(), length < ADDRESS_LIMIT, "{length} and a closing slash");
        if let Ok(service) = service {
            assert_eq!(ServiceUrl::parse(service.as_str()), Ok(service));
        }
        let remote = RemoteUrl::parse(&format!("oci+{text}"));
        assert_eq!(remote.is_ok(), length <= ADDRESS_LIMIT, "{length}");
        if let Ok(remote) = remote {
            assert_eq!(RemoteUrl::parse(remote.as_str()), Ok(remote));
        }
    }
}

#[test]
#[cfg(feature = "insecure-loopback")]
fn g06_a_development_build_speaks_to_a_literal_loopback_address_only() {
    assert!(service("http://127.0.0.1:8080/").is_ok());
    assert!(service("http://[::1]:8080/").is_ok());
    for refused in ["http://localhost:8080/", "http://127.0.0.2/", "http://10.0.0.1/"] {
        assert_eq!(service(refused), Err(UrlError::NotSecure), "{refused}");
    }
}

#[test]
#[cfg(not(feature = "insecure-loopback"))]
fn g06_a_release_build_refuses_loopback() {
    assert_eq!(service("http://127.0.0.1:8080/"), Err(UrlError::NotSecure));
}

#[test]
fn a_typed_address_is_completed() {
    let typed = |text: &str| ServiceUrl::from_input(text).map(|url| url.host());
    assert_eq!(typed(" store.example.org ").unwrap(), "store.example.org");
    assert_eq!(typed("store.example.org:8443").unwrap(), "store.example.org:8443");
    assert_eq!(typed("störe.example.org").unwrap(), "xn--stre-6qa.example.org");
    assert_eq!(typed("http://store.example.org"), Err(UrlError::NotSecure));
    assert_eq!(typed("demo@store.example.org"), Err(UrlError::UserInfo));
    assert_eq!(typed("not an address"), Err(UrlError::NotAnAddress));
    assert_eq!(typed(""), Err(UrlError::NotAnAddress));
}

#[test]
fn g03_repositories_that_are_not_https_get_nothing() {
    for insecure in ["http://repo.example.org/", "file:///srv/repo", "oci+http://r.example.org", "oci:///srv"] {
        assert!(RemoteUrl::parse(insecure).is_err(), "{insecure}");
    }
    assert_eq!(RemoteUrl::parse("oci+https://r.example.org/").unwrap().as_str(), "oci+https://r.example.org");
    assert_eq!(
        RemoteUrl::parse("https://r.example.org/repo/").unwrap(),
        RemoteUrl::parse("https://R.example.org:443/repo").unwrap()
    );
}

#[test]
fn a_path_never_leads_to_another_origin() {
    let own = ServiceUrl::parse("https://store.example.org/base").unwrap();
    assert_eq!(own.join("api/v1/get_tokens").unwrap().as_str(), "https://store.example.org/base/api/v1/get_tokens");
    assert!(own.join("//evil.example/").is_err());
    assert!(own.join("http://store.example.org/").is_err());
}

proptest! {
    #[test]
    fn normalising_twice_changes_nothing(text in "https?://[a-zA-Z0-9.:@%/\\\\-]{1,40}|(oci\\+)?https://[a-z.]{1,4}[!-~]{0,30}") {
        if let Ok(once) = ServiceUrl::parse(&text) {
            prop_assert_eq!(ServiceUrl::parse(once.as_str()).unwrap(), once);
        }
        if let Ok(once) = RemoteUrl::parse(&text) {
            prop_assert_eq!(RemoteUrl::parse(once.as_str()).unwrap(), once);
        }
    }

    #[test]
    fn no_text_makes_the_parser_panic(text in any::<String>()) {
        let _ = ServiceUrl::parse(&text);
        let _ = ServiceUrl::from_input(&text);
        let _ = RemoteUrl::parse(&text);
    }

    #[test]
    fn different_origins_stay_different(a in "[a-c]{1,2}\\.example", b in "[a-c]{1,2}\\.example", port in 1u16..9) {
        let first = ServiceUrl::parse(&format!("https://{a}:{port}/")).unwrap();
        let second = ServiceUrl::parse(&format!("https://{b}:{port}/")).unwrap();
        prop_assert_eq!(first == second, a == b);
    }
}
