// SPDX-License-Identifier: GPL-3.0-or-later

use super::*;
use crate::http::{CertificateFault, ProxyFault};

#[test]
fn b03_what_is_said_of_a_sign_out_is_what_was_done() {
    let host = "store.example.org";
    let only = "Signed out on this computer only.";
    for (ending, said) in [
        (Ending::Ended, "Signed out of store.example.org.".to_owned()),
        (Ending::NotOffered, "Signed out on this computer. store.example.org keeps no sign-ins to end.".to_owned()),
        (Ending::Nothing, "Signed out on this computer.".to_owned()),
        (Ending::Failed(HttpError::Unreachable), format!("{only} store.example.org could not be reached.")),
        (Ending::Failed(HttpError::NoSuchHost), format!("{only} store.example.org could not be reached.")),
        (Ending::Failed(HttpError::TimedOut), format!("{only} store.example.org could not be reached.")),
        (Ending::Failed(HttpError::Forbidden), format!("{only} store.example.org could not be reached.")),
        (
            Ending::Failed(HttpError::Proxy(ProxyFault::Unreachable)),
            format!("{only} store.example.org could not be reached."),
        ),
        (
            Ending::Failed(HttpError::Certificate(CertificateFault::Expired)),
            format!("{only} The connection to store.example.org is not secure."),
        ),
        (
            Ending::Failed(HttpError::Unexpected),
            format!("{only} store.example.org did not say that it ended the sign-in."),
        ),
    ] {
        assert_eq!(ending.signed_out_sentence(host), said);
        let message = ending.signed_out(host);
        assert_eq!(message.trim_end_matches('.'), said.trim_end_matches('.'), "{ending:?}");
        assert_eq!(message.ends_with('.'), message.contains(". "), "{message}");

        let (removed, message) = (ending.removed_sentence(host), ending.removed(host));
        let expected = match said.split_once("only. ") {
            Some((_, reason)) => format!("Account removed on this computer only. {reason}"),
            None if ending == Ending::NotOffered => {
                "Account removed. store.example.org keeps no sign-ins to end.".to_owned()
            }
            None => "Account removed.".to_owned(),
        };
        assert_eq!(removed, expected);
        assert_eq!(message.trim_end_matches('.'), removed.trim_end_matches('.'));
        assert_eq!(message.ends_with('.'), message.contains(". "), "{message}");
        // Nothing but the server's own word says that it is over there.
        let claims = said.starts_with("Signed out of");
        assert_eq!(claims, ending == Ending::Ended, "{said}");
    }
    let unread = Ending::Unread.removed_sentence(host);
    assert!(unread.contains("was not ended") && !Ending::Unread.signed_out(host).contains(host), "{unread}");
}
