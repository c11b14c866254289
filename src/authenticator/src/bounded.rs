// SPDX-License-Identifier: GPL-3.0-or-later
//! Arguments of calls that keep to their limits while they are read (rule R9). Of a dictionary, only plain texts and
//! flags are kept; anything else is stepped over, and a dictionary that is too large ends the reading.

use std::{collections::BTreeMap, fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer,
    de::{DeserializeSeed, Error, MapAccess, SeqAccess, Visitor},
};
use zbus::zvariant::{Signature, Type, Value};

use crate::limits::{DICTIONARY_LIMIT, LimitError, OPTIONS_LIMIT};

/// The key in a ref's metadata for the name of its repository in a container registry.
pub(crate) const REPOSITORY: &str = "summary.xa.oci-repository";

/// A value of a dictionary.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Setting<'a> {
    /// A string.
    Text(&'a str),
    /// A boolean.
    Flag(bool),
    /// A value of any other type.
    Other,
}

/// A dictionary (`a{sv}`).
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Settings<'a>(pub(crate) BTreeMap<&'a str, Setting<'a>>);

/// What a call says of a ref (`a{sv}`): of it, only what a provider may need is kept, since a call can have thousands.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct RefFacts<'a> {
    /// The name of its repository in a container registry.
    pub(crate) repository: Option<Setting<'a>>,
}

/// A list, of which only the first `N` entries are kept.
#[derive(Debug, Default)]
pub(crate) struct AtMost<T, const N: usize> {
    kept: Vec<T>,
    is_over: bool,
}

impl<'a> Settings<'a> {
    /// The value of this name.
    pub(crate) fn get(&self, name: &str) -> Option<&Setting<'a>> {
        self.0.get(name)
    }
}

impl<T, const N: usize> AtMost<T, N> {
    /// All entries, or this error if there are more than `N`.
    pub(crate) fn entries(&self, over: LimitError) -> Result<&[T], LimitError> {
        if self.is_over { Err(over) } else { Ok(&self.kept) }
    }
}

/// How many more bytes a dictionary may have.
struct Budget(usize);

impl Budget {
    fn take<E: Error>(&mut self, bytes: usize) -> Result<(), E> {
        self.0 = self.0.checked_sub(bytes).ok_or_else(|| E::custom(LimitError::TooLargeDictionary))?;
        Ok(())
    }
}

/// A dictionary that is read entry by entry.
trait Dictionary<'a>: Default {
    /// Keeps an entry, or leaves it out.
    fn keep(&mut self, key: &'a str, setting: Setting<'a>);
}

impl<'a> Dictionary<'a> for Settings<'a> {
    fn keep(&mut self, key: &'a str, setting: Setting<'a>) {
        self.0.insert(key, setting);
    }
}

impl<'a> Dictionary<'a> for RefFacts<'a> {
    fn keep(&mut self, key: &'a str, setting: Setting<'a>) {
        if key == REPOSITORY {
            self.repository = Some(setting);
        }
    }
}

impl Type for Settings<'_> {
    const SIGNATURE: &'static Signature = <BTreeMap<&str, Value<'_>> as Type>::SIGNATURE;
}

impl Type for RefFacts<'_> {
    const SIGNATURE: &'static Signature = Settings::SIGNATURE;
}

impl<'de: 'a, 'a> Deserialize<'de> for Settings<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Entries(PhantomData))
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for RefFacts<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Entries(PhantomData))
    }
}

struct Entries<T>(PhantomData<T>);

impl<'de, T: Dictionary<'de>> Visitor<'de> for Entries<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a dictionary")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<T, A::Error> {
        let (mut kept, mut budget) = (T::default(), Budget(DICTIONARY_LIMIT));
        for number in 0.. {
            let Some(key) = entries.next_key::<&str>()? else { break };
            if number == OPTIONS_LIMIT {
                return Err(A::Error::custom(LimitError::TooManyOptions));
            }
            budget.take(key.len())?;
            kept.keep(key, entries.next_value_seed(Reading(&mut budget))?);
        }
        Ok(kept)
    }
}

/// Reads one value of a dictionary: its type, then what it holds.
struct Reading<'b>(&'b mut Budget);

impl<'de> DeserializeSeed<'de> for Reading<'_> {
    type Value = Setting<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Setting<'de>, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Reading<'_> {
    type Value = Setting<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value with its type")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut parts: A) -> Result<Setting<'de>, A::Error> {
        let setting = match parts.next_element::<&str>()? {
            Some("s") => parts.next_element()?.map(Setting::Text),
            Some("b") => parts.next_element()?.map(Setting::Flag),
            _ => parts.next_element_seed(Skipping(self.0))?.map(|()| Setting::Other),
        };
        if let Some(Setting::Text(text)) = setting {
            self.0.take(text.len())?;
        }
        setting.ok_or_else(|| A::Error::custom("a value without content"))
    }
}

/// Steps over a value of any type, and counts it.
struct Skipping<'b>(&'b mut Budget);

impl<'de> DeserializeSeed<'de> for Skipping<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

/// Counts a value of fixed size.
macro_rules! count {
    ($($visit:ident($type:ty)),*) => {
        $(fn $visit<E: Error>(self, _: $type) -> Result<(), E> {
            self.0.take(size_of::<$type>())
        })*
    };
}

impl<'de> Visitor<'de> for Skipping<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    count!(
        visit_bool(bool),
        visit_u8(u8),
        visit_i16(i16),
        visit_u16(u16),
        visit_i32(i32),
        visit_u32(u32),
        visit_i64(i64),
        visit_u64(u64),
        visit_f64(f64)
    );

    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        self.0.take(text.len() + 1)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut parts: A) -> Result<(), A::Error> {
        self.0.take(1)?;
        while parts.next_element_seed(Skipping(self.0))?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        self.0.take(1)?;
        while entries.next_key_seed(Skipping(self.0))?.is_some() {
            entries.next_value_seed(Skipping(self.0))?;
        }
        Ok(())
    }
}

impl<T: Type, const N: usize> Type for AtMost<T, N> {
    const SIGNATURE: &'static Signature = <Vec<T> as Type>::SIGNATURE;
}

impl<'de, T: Deserialize<'de>, const N: usize> Deserialize<'de> for AtMost<T, N> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries<T, const N: usize>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>, const N: usize> Visitor<'de> for Entries<T, N> {
            type Value = AtMost<T, N>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut entries: A) -> Result<AtMost<T, N>, A::Error> {
                let mut list = AtMost { kept: Vec::new(), is_over: false };
                while let Some(entry) = entries.next_element()? {
                    if list.kept.len() < N {
                        list.kept.push(entry);
                    } else {
                        list.is_over = true;
                    }
                }
                Ok(list)
            }
        }

        deserializer.deserialize_seq(Entries(PhantomData))
    }
}

#[cfg(test)]
impl<'a> From<&'a BTreeMap<&'a str, Value<'a>>> for Settings<'a> {
    fn from(values: &'a BTreeMap<&'a str, Value<'a>>) -> Self {
        let setting = |value: &'a Value<'a>| match value {
            Value::Str(text) => Setting::Text(text),
            Value::Bool(flag) => Setting::Flag(*flag),
            _ => Setting::Other,
        };
        Self(values.iter().map(|(&name, value)| (name, setting(value))).collect())
    }
}

#[cfg(test)]
impl<'a> From<&'a BTreeMap<&'a str, Value<'a>>> for RefFacts<'a> {
    fn from(values: &'a BTreeMap<&'a str, Value<'a>>) -> Self {
        let repository = Settings::from(values).0.remove(REPOSITORY);
        Self { repository }
    }
}

#[cfg(test)]
impl<T, const N: usize> From<Vec<T>> for AtMost<T, N> {
    fn from(mut kept: Vec<T>) -> Self {
        let is_over = kept.len() > N;
        kept.truncate(N);
        Self { kept, is_over }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use serde::Serialize;
    use zbus::zvariant::{DynamicType, LE, OwnedValue, serialized::Context, to_bytes};

    use super::*;

    fn read<B: Serialize + DynamicType>(sent: &B) -> Result<usize, String> {
        let bytes = to_bytes(Context::new_dbus(LE, 0), sent).unwrap();
        bytes.deserialize::<(Settings<'_>, &str)>().map_err(|error| error.to_string()).map(|((settings, end), _)| {
            assert_eq!(end, "end", "what follows is read as before");
            settings.0.len()
        })
    }

    #[test]
    fn values_of_every_type_are_kept_or_stepped_over() {
        let nested: HashMap<&str, Value<'_>> = HashMap::from([("a", Value::new(Value::new(Value::from(7u8))))]);
        let values: [(&str, Value<'_>); 16] = [
            ("text", "text".into()),
            ("yes", true.into()),
            ("u8", 1u8.into()),
            ("i16", 1i16.into()),
            ("u16", 1u16.into()),
            ("i32", 1i32.into()),
            ("u32", 1u32.into()),
            ("i64", 1i64.into()),
            ("u64", 1u64.into()),
            ("f64", 1f64.into()),
            ("path", zbus::zvariant::ObjectPath::try_from("/a").unwrap().into()),
            ("signature", Value::Signature(Signature::U8)),
            ("bytes", vec![1u8, 2].into()),
            ("structure", Value::new(("a", 1u8, vec![("b", 2u64)]))),
            ("dictionary", nested.into()),
            ("value", Value::new(Value::from("x"))),
        ];
        let sent = (HashMap::from(values), "end");
        let bytes = to_bytes(Context::new_dbus(LE, 0), &sent).unwrap();
        let ((settings, end), _): ((Settings<'_>, &str), usize) = bytes.deserialize().unwrap();
        assert_eq!((settings.0.len(), end), (16, "end"));
        assert_eq!(settings.get("text"), Some(&Setting::Text("text")));
        assert_eq!(settings.get("yes"), Some(&Setting::Flag(true)));
        let others = settings.0.values().filter(|setting| **setting == Setting::Other);
        assert_eq!(others.count(), 14);
        assert!(bytes.deserialize::<(HashMap<&str, OwnedValue>, &str)>().is_ok(), "the library reads the same");
    }

    #[test]
    fn a_dictionary_that_is_too_large_ends_the_reading() {
        let many = |count: usize| {
            let names: Vec<String> = (0..count).map(|number| number.to_string()).collect();
            read(&(names.iter().map(|name| (name.as_str(), Value::from(1u8))).collect::<HashMap<_, _>>(), "end"))
        };
        assert_eq!(many(256), Ok(256));
        assert!(many(257).unwrap_err().contains("too many options"));
        let one = |value: Value<'_>| read(&(HashMap::from([("a", value)]), "end"));
        let large = 64 << 10;
        assert_eq!(one(vec![0u8; large - 2].into()), Ok(1));
        let values: [Value<'_>; 6] = [
            vec![0u8; large].into(),
            "a".repeat(large).into(),
            vec![""; large].into(),
            vec![Value::from(Vec::<u8>::new()); large / 2].into(),
            vec![0u64; large / 8].into(),
            (0u32..9000).map(|number| (number, number)).collect::<HashMap<_, _>>().into(),
        ];
        for value in values {
            assert!(one(value).unwrap_err().contains("too large"));
        }
    }

    #[test]
    fn of_a_list_no_more_is_kept_than_it_may_have() {
        let read = |count: usize| {
            let bytes = to_bytes(Context::new_dbus(LE, 0), &(vec!["a"; count], "end")).unwrap();
            let ((list, end), _): ((AtMost<&str, 3>, String), usize) = bytes.deserialize().unwrap();
            assert_eq!(end, "end");
            (list.kept.len(), list.entries(LimitError::TooManyIds).is_ok())
        };
        assert_eq!([0, 3, 4, 1000].map(read), [(0, true), (3, true), (3, false), (3, false)]);
    }
}
