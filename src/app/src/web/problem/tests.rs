// SPDX-License-Identifier: GPL-3.0-or-later
//! Tests of what is said.

use super::*;

#[test]
fn w09_the_cause_that_one_can_mend_is_named_first() {
    use gio::TlsCertificateFlags as Flags;
    assert_eq!(CertificateFault::of(Flags::NOT_ACTIVATED | Flags::UNKNOWN_CA), CertificateFault::NotYetValid);
    assert_eq!(CertificateFault::of(Flags::EXPIRED | Flags::UNKNOWN_CA), CertificateFault::Expired);
    assert_eq!(CertificateFault::of(Flags::BAD_IDENTITY), CertificateFault::OtherServer);
    assert_eq!(CertificateFault::of(Flags::UNKNOWN_CA), CertificateFault::Untrusted);
    assert_eq!(CertificateFault::of(Flags::empty()), CertificateFault::Untrusted);
}

#[test]
fn a_load_that_we_stopped_is_no_problem() {
    let of = |error: glib::Error, online| WebProblem::of(&error, online);
    let policy = webkit6::PolicyError::FrameLoadInterruptedByPolicyChange;
    assert_eq!(of(glib::Error::new(policy, ""), true), None);
    assert_eq!(of(glib::Error::new(webkit6::NetworkError::Cancelled, ""), true), None);
    let refused = || glib::Error::new(gio::IOErrorEnum::ConnectionRefused, "");
    assert_eq!(of(refused(), true), Some(WebProblem::Unreachable));
    assert_eq!(of(refused(), false), Some(WebProblem::Offline));
    let unknown = glib::Error::new(gio::ResolverError::NotFound, "");
    assert_eq!(of(unknown, true), Some(WebProblem::NoSuchHost));
    let refused = glib::Error::new(gio::IOErrorEnum::ProxyFailed, "");
    assert_eq!(of(refused, true), Some(WebProblem::Proxy(ProxyFault::Unreachable)));
}

#[test]
fn a_failed_call_is_told_in_the_words_of_a_failed_page() {
    let title = |error: HttpError, online| WebProblem::of_call(&error, online).words("s.example", false).title;
    for (error, online, said) in [
        (HttpError::Unreachable, true, "\u{2068}s.example\u{2069} Cannot Be Reached"),
        (HttpError::NoSuchHost, true, "\u{2068}s.example\u{2069} Cannot Be Reached"),
        (HttpError::NoSuchHost, false, "No Connection"),
        (HttpError::Certificate(http::CertificateFault::Expired), true, "Connection Is Not Secure"),
        (HttpError::Unexpected, true, "Sign-In Was Not Finished"),
    ] {
        assert_eq!(title(error, online), said);
    }
}

#[test]
fn what_stops_a_purchase_says_that_nothing_is_paid_twice() {
    let words = |problem: WebProblem| problem.words("store.example.org", true);
    let crashed = words(WebProblem::Crashed);
    assert_eq!(crashed.text, "Usher checks with the store before anything is paid again.");
    assert_eq!(crashed.again, "Reload");
    assert_eq!(words(WebProblem::WrongAnswer).title, "Purchase Was Not Finished");
}

#[test]
fn a_servers_reason_is_cut_and_among_the_details() {
    let words = WebProblem::Refused(format!("\u{202e}{}", "x".repeat(500))).words("store.example.org", false);
    assert_eq!(words.text.replace(['\u{2068}', '\u{2069}'], ""), "store.example.org stopped the sign-in.");
    let details = words.details.expect("the reason is there");
    assert!(details.chars().count() <= 120 && details.starts_with("xx"), "{details}");
}

#[test]
fn w20_what_goes_wrong_with_single_sign_on_has_words_and_a_way_on() {
    let words = |problem: WebProblem| problem.words("id.example.net", false);
    for (problem, title, again) in [
        (WebProblem::NoCodes, "\u{2068}id.example.net\u{2069} Offers No Codes", "Sign In Here Instead"),
        (WebProblem::CodeEnded, "The Code Has Expired", "Get New Code"),
        (WebProblem::Declined, "Sign-In Was Not Finished", "Try Again"),
        (WebProblem::OtherServer, "The Answer Came From Another Server", "Try Again"),
        (WebProblem::ClockOff, "The Clocks Differ", "Try Again"),
    ] {
        let is_danger = problem == WebProblem::OtherServer;
        let said = words(problem);
        assert_eq!((said.title.as_str(), said.again.as_str(), said.is_danger), (title, again, is_danger));
    }
    assert_eq!(words(WebProblem::Declined).text, "Sign-in was declined on the other device.");
}
