// SPDX-License-Identifier: GPL-3.0-or-later
//! An account server, and the server that it leaves signing in to, as a person names both.

use clap::Args;
use usher_core::{
    binding::{Binding, OptionsError},
    i18n::{gettext, gettext_f},
    provider::{self, Provider},
    service::ServiceUrl,
    text,
};

use crate::failure::Failure;

/// The names of these options, here and in what a remote says.
const TERMS: [&str; 3] = ["issuer", "client-id", "scope"];

/// What a person says of single sign-on.
#[derive(Args, Debug, Clone, Default)]
#[group(skip)]
pub(crate) struct Options {
    /// Single sign-on: the server at which people sign in, as it calls itself
    #[arg(long, value_name = "ADDRESS")]
    issuer: Option<String>,
    /// Single sign-on: the name under which that server knows Usher
    #[arg(long, value_name = "ID")]
    client_id: Option<String>,
    /// Single sign-on: what else the account server wants to know or do, in that server’s words
    #[arg(long, value_name = "SCOPE")]
    scope: Vec<String>,
}

impl Options {
    /// Whether the person said anything of it.
    pub(crate) fn is_named(&self) -> bool {
        self.issuer.is_some() || self.client_id.is_some() || !self.scope.is_empty()
    }

    /// What a remote would say of the account server at this address.
    fn claimed(&self, service: &ServiceUrl, kind: Provider) -> Result<Binding, OptionsError> {
        let terms = [self.issuer.clone(), self.client_id.clone(), Some(self.scope.join(" "))];
        let named = TERMS.into_iter().zip(terms).filter_map(|(name, value)| Some((name, value?)));
        kind.typed(service, named)
    }

    /// The account server at this address, of this kind if the person said which.
    pub(crate) fn binding(&self, service: &ServiceUrl, kind: Option<Provider>) -> Result<Binding, Failure> {
        let kinds = kind.map_or_else(|| provider::names().into_iter().map(Provider::new).collect(), |kind| vec![kind]);
        let mut claims = kinds.iter().map(|kind| self.claimed(service, *kind));
        let claimed = claims.find(reads_terms).ok_or_else(|| {
            Failure::Usage(gettext_f(
                "Servers of the type “{type}” do not leave signing in to others. Leave out “--type”, or “--issuer” and “--client-id”.",
                &[("type", kinds[0].name())],
            ))
        })?;
        claimed.map_err(|error| self.failure(&error))
    }

    /// Fails if a server of this kind is not known by its address alone.
    pub(crate) fn allow_alone(&self, service: &ServiceUrl, kind: Provider) -> Result<(), Failure> {
        let claimed = self.claimed(service, kind);
        if reads_terms(&claimed) { claimed.map(drop).map_err(|error| self.failure(&error)) } else { Ok(()) }
    }

    fn failure(&self, error: &OptionsError) -> Failure {
        let values = [("option", format!("--{}", error.option()))];
        let values = values.each_ref().map(|(name, value)| (*name, value.as_str()));
        Failure::Usage(match error {
            OptionsError::Missing(_) => {
                gettext_f("“{option}” is needed as well. The people who run the server know it.", &values)
            }
            OptionsError::Address(_, fault) => {
                format!("{} {}", gettext_f("“{option}” cannot be used.", &values), fault.of_typed())
            }
            OptionsError::Malformed("issuer") => gettext_f(
                "“{issuer}” is not the address of a server. Name it as in “--issuer https://id.example.org”.",
                &[("issuer", &text::clean(self.issuer.as_deref().unwrap_or_default(), text::NAME_LIMIT))],
            ),
            OptionsError::Malformed("scope") => {
                gettext("“--scope” cannot be used: it takes at most 4 words, separated by spaces.")
            }
            OptionsError::Malformed(_) | OptionsError::UnknownType(_) => gettext_f(
                "“{option}” cannot be used. Copy it as the people who run the server have written it.",
                &values,
            ),
        })
    }
}

/// Whether the kind of server has these options: it takes them, or says which one is wrong.
fn reads_terms(claimed: &Result<Binding, OptionsError>) -> bool {
    match claimed {
        Ok(binding) => TERMS.iter().any(|term| binding.terms.contains_key(*term)),
        Err(error) => TERMS.contains(&error.option()),
    }
}

/// The options that name the servers of an account, to sign in to it by its address.
pub(crate) fn arguments(binding: &Binding) -> Vec<String> {
    let terms = TERMS.into_iter().filter_map(|term| Some((term, binding.terms.get(term)?)));
    let arguments: Vec<String> = terms.flat_map(|(term, value)| [format!("--{term}"), value.clone()]).collect();
    if arguments.is_empty() {
        return arguments;
    }
    [vec!["--type".to_owned(), binding.provider.name().to_owned()], arguments].concat()
}

#[cfg(test)]
mod tests {
    use clap::Parser;
    use usher_core::testing;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        options: Options,
    }

    fn bound(words: &[&str], kind: Option<&str>) -> Result<Binding, Failure> {
        let line = Line::try_parse_from([&["usherctl"], words].concat()).unwrap();
        line.options.binding(&service(), kind.map(|kind| Provider::from_name(kind).unwrap()))
    }

    fn service() -> ServiceUrl {
        ServiceUrl::from_input("store.example").unwrap()
    }

    #[test]
    fn a_typed_pair_is_what_a_remote_would_say() {
        let expected = testing::single_sign_on("https://store.example/", "https://login.example");
        let words = ["--issuer", "https://login.example", "--client-id", "usher"];
        for kind in [None, Some("oauth2")] {
            assert_eq!(bound(&words, kind).unwrap(), expected, "{kind:?}");
        }
        let scopes = [&words[..], &["--scope", "b a", "--scope", "c"]].concat();
        let binding = bound(&scopes, None).unwrap();
        assert_eq!(binding.terms["scope"], "a b c");
        let again = arguments(&binding);
        let again: Vec<&str> = again.iter().map(String::as_str).collect();
        assert_eq!(again[..2], ["--type", "oauth2"]);
        assert_eq!(bound(&again[2..], Some("oauth2")).unwrap(), binding);
    }

    #[test]
    fn without_a_pair_the_address_is_enough() {
        let allowed = |kind| Options::default().allow_alone(&service(), Provider::from_name(kind).unwrap());
        for kind in ["webflow", "basic", "oci", "token"] {
            assert!(allowed(kind).is_ok(), "{kind}");
        }
        let Err(Failure::Usage(sentence)) = allowed("oauth2") else { panic!("more is needed") };
        assert!(sentence.starts_with("“--issuer” is needed as well."), "{sentence}");
        assert!(arguments(&testing::binding("store.example")).is_empty());
    }

    #[test]
    fn what_is_missing_or_wrong_is_said() {
        let issuer = ["--issuer", "https://login.example"];
        let id = ["--client-id", "usher"];
        for (words, kind, said) in [
            (&issuer[..], None, "“--client-id” is needed as well"),
            (&id, None, "“--issuer” is needed as well"),
            (&["--scope", "a"], None, "“--issuer” is needed as well"),
            (&[issuer, id].concat(), Some("basic"), "Servers of the type “basic” do not"),
            (&[issuer, id].concat(), Some("oci"), "Servers of the type “oci” do not"),
            (&[&["--issuer", "login"], &id[..]].concat(), None, "“login” is not the address of a server."),
            (
                &[&["--issuer", "http://login.example"], &id[..]].concat(),
                None,
                "“--issuer” cannot be used. Only secure",
            ),
            (&[&issuer[..], &["--client-id", ""]].concat(), None, "“--client-id” cannot be used. Copy"),
            (&[&issuer[..], &id, &["--scope", "a b c d e"]].concat(), None, "“--scope” cannot be used: it takes"),
        ] {
            let Err(Failure::Usage(sentence)) = bound(words, kind) else { panic!("{words:?} {kind:?}") };
            assert!(sentence.starts_with(said), "{words:?} {kind:?}: {sentence}");
        }
    }
}
