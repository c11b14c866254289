// SPDX-License-Identifier: GPL-3.0-or-later
//! JSON from a server: bounded depth, no key twice (rule R10).

use std::{borrow::Cow, collections::HashMap, fmt, marker::PhantomData};

use serde::de::{Deserialize, DeserializeOwned, DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

/// Deepest nesting that we read (rule R10).
const DEPTH: usize = 32;
/// What is wrong with an object that has a key twice.
const TWICE: &str = "a key occurs twice";

/// The bytes are not acceptable JSON. The error does not quote them: they came from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct JsonError;

/// Parses exactly one JSON value, with nothing after it.
pub(crate) fn parse(bytes: &[u8]) -> Result<Value, JsonError> {
    read_as::<Strict<0>>(bytes).map(|strict| strict.0)
}

/// Reads an answer of a known shape; ignores everything else in it.
pub(crate) fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, JsonError> {
    T::deserialize(parse(bytes)?).map_err(|_| JsonError)
}

/// Reads a large answer straight into its shape. That has to see to it itself that no key occurs twice: with [`Unique`], and
/// with [`Strict`] for what it does not know.
pub(crate) fn read_as<'b, T: Deserialize<'b>>(bytes: &'b [u8]) -> Result<T, JsonError> {
    serde_json::from_slice(bytes).map_err(|_| JsonError)
}

/// The error for an object that has a key twice.
pub(crate) fn twice<E: Error>() -> E {
    E::custom(TWICE)
}

/// A JSON value whose objects have no key twice, inside of so many others.
pub(crate) struct Strict<const OUTER: usize>(Value);

impl<'de, const OUTER: usize> Deserialize<'de> for Strict<OUTER> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Within(DEPTH - OUTER).deserialize(deserializer).map(Strict)
    }
}

/// Reads a value with at most so many levels of arrays and objects.
#[derive(Clone, Copy)]
struct Within(usize);

impl Within {
    fn next<E: Error>(self) -> Result<Self, E> {
        self.0.checked_sub(1).map(Self).ok_or_else(|| E::custom("too deep"))
    }
}

impl<'de> DeserializeSeed<'de> for Within {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Within {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Value, A::Error> {
        let within = self.next()?;
        let mut values = Vec::new();
        while let Some(value) = sequence.next_element_seed(within)? {
            values.push(value);
        }
        Ok(values.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let within = self.next()?;
        let mut object = Map::new();
        while let Some(key) = entries.next_key::<String>()? {
            if object.insert(key, entries.next_value_seed(within)?).is_some() {
                return Err(twice());
            }
        }
        Ok(object.into())
    }
}

/// An object whose keys come from outside, none of them twice.
pub(crate) struct Unique<'b, V>(pub(crate) HashMap<Cow<'b, str>, V>);

impl<'de: 'b, 'b, V: Deserialize<'de>> Deserialize<'de> for Unique<'b, V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries<V>(PhantomData<V>);

        impl<'de, V: Deserialize<'de>> Visitor<'de> for Entries<V> {
            type Value = Unique<'de, V>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Unique<'de, V>, A::Error> {
                let mut all = HashMap::new();
                while let Some((Text(key), value)) = entries.next_entry()? {
                    if all.insert(key, value).is_some() {
                        return Err(twice());
                    }
                }
                Ok(Unique(all))
            }
        }

        deserializer.deserialize_map(Entries(PhantomData))
    }
}

/// A text that stays where it was read, unless something in it is escaped.
pub(crate) struct Text<'b>(pub(crate) Cow<'b, str>);

impl<'de: 'b, 'b> Deserialize<'de> for Text<'b> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Letters;

        impl<'de> Visitor<'de> for Letters {
            type Value = Text<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Text<'de>, E> {
                Ok(Text(text.into()))
            }

            fn visit_str<E>(self, text: &str) -> Result<Text<'de>, E> {
                Ok(Text(text.to_owned().into()))
            }
        }

        deserializer.deserialize_str(Letters)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn h06_deep_json_is_refused_without_recursion() {
        let nested = |levels| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        assert!(parse(nested(32).as_bytes()).is_ok());
        assert_eq!(parse(nested(33).as_bytes()), Err(JsonError));
        assert_eq!(parse("[".repeat(100_000).as_bytes()), Err(JsonError));
        assert!(parse(format!("\"{}\"", "[".repeat(100)).as_bytes()).is_ok());
    }

    #[test]
    fn h07_only_strict_json_is_accepted() {
        for bad in ["", "<html>", "{\"a\":1,\"a\":2}", "[{\"a\":1,\"a\":2}]", "{} x", "NaN", "\u{feff}{}", "{\"a\":"] {
            assert_eq!(parse(bad.as_bytes()), Err(JsonError), "{bad}");
        }
        let utf16: Vec<u8> = "{}".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(parse(&utf16), Err(JsonError));
    }
}
