// SPDX-License-Identifier: GPL-3.0-or-later
//! Reads names and icons of apps from an AppStream catalogue, as a stream. A repository's data is not trusted: no file
//! can cost more than a little memory and a few seconds, and any error ends the reading.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{self, BufRead, Read},
};

use quick_xml::{
    Reader,
    events::{BytesStart, Event},
};

use crate::text;

/// Most bytes to read of an unpacked catalogue. Flathub's has about half as many.
const CATALOG_LIMIT: u64 = 128 << 20;
/// Most bytes between two tags.
const EVENT_LIMIT: u64 = 1 << 20;
/// Most levels of nested tags.
const DEPTH_LIMIT: usize = 64;
/// Most bytes of a name, an id or the name of an icon.
const TEXT_LIMIT: usize = 1024;
/// Most icons of an app.
const ICON_LIMIT: usize = 16;

/// What a catalogue says about an app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Listed {
    /// Its name, cleaned.
    pub(super) name: String,
    /// Names of its icon files, as written.
    pub(super) icons: Vec<String>,
}

/// Finds apps in a catalogue; reads no further than needed. Takes the name in the first of these languages that the app
/// has, or else its default name.
pub(super) fn read(input: impl BufRead, ids: &BTreeSet<String>, languages: &[String]) -> BTreeMap<String, Listed> {
    let mut reader = Reader::from_reader(Bounded { input, left: CATALOG_LIMIT, left_of_event: EVENT_LIMIT });
    reader.config_mut().expand_empty_elements = true;
    let mut search = Search { ids, languages, depth: 0, component: None, field: None, found: BTreeMap::new() };
    let mut buffer = Vec::new();
    while search.found.len() < ids.len() {
        buffer.clear();
        reader.get_mut().left_of_event = EVENT_LIMIT;
        match reader.read_event_into(&mut buffer) {
            Ok(Event::Eof) | Err(_) => break,
            Ok(event) => {
                if !search.take(&event) {
                    break;
                }
            }
        }
    }
    search.found
}

/// The place in the catalogue, and the finds so far.
struct Search<'a> {
    ids: &'a BTreeSet<String>,
    languages: &'a [String],
    depth: usize,
    component: Option<Component>,
    field: Option<(Field, String)>,
    found: BTreeMap<String, Listed>,
}

/// The app being read.
#[derive(Default)]
struct Component {
    id: String,
    name: Option<(usize, String)>,
    icons: Vec<String>,
}

/// The part of an app being read, if it matters.
#[derive(Clone, Copy)]
enum Field {
    Id,
    /// A name, with the rank of its language; the lowest is the best.
    Name(usize),
    Icon,
}

impl Search<'_> {
    /// Takes the next event. `false` ends the reading.
    fn take(&mut self, event: &Event) -> bool {
        match event {
            Event::Start(tag) => return self.open(tag),
            Event::End(_) => return self.close(),
            Event::Text(part) => self.write(part),
            Event::CData(part) => self.write(part),
            Event::GeneralRef(reference) => match reference.resolve_char_ref() {
                Ok(Some(c)) => self.write(c.encode_utf8(&mut [0; 4])),
                Ok(None) => self.write(predefined(reference)),
                Err(_) => return false,
            },
            _ => {}
        }
        true
    }

    fn open(&mut self, tag: &BytesStart) -> bool {
        self.depth += 1;
        if self.depth == 2 {
            let is_app = tag.name().as_ref() == "component"
                && attribute(tag, "type").is_some_and(|kind| matches!(&*kind, "desktop" | "desktop-application"));
            self.component = is_app.then(Component::default);
        } else if self.depth == 3 && self.component.is_some() {
            self.field = self.field_of(tag).map(|field| (field, String::new()));
        }
        self.depth <= DEPTH_LIMIT
    }

    fn field_of(&self, tag: &BytesStart) -> Option<Field> {
        match tag.name().as_ref() {
            "id" => Some(Field::Id),
            "name" => {
                let rank = rank(attribute(tag, "xml:lang").as_deref(), self.languages)?;
                let known = self.component.as_ref().and_then(|component| component.name.as_ref());
                known.is_none_or(|(best, _)| rank < *best).then_some(Field::Name(rank))
            }
            "icon" if attribute(tag, "type").as_deref() == Some("cached") => Some(Field::Icon),
            _ => None,
        }
    }

    fn close(&mut self) -> bool {
        if self.depth == 3 {
            if let (Some((field, text)), Some(component)) = (self.field.take(), &mut self.component) {
                component.take(field, &text);
            }
        } else if self.depth == 2
            && let Some(component) = self.component.take()
        {
            self.keep(component);
        }
        let is_inside = self.depth > 0;
        self.depth = self.depth.saturating_sub(1);
        is_inside
    }

    fn write(&mut self, part: &str) {
        if let (3, Some((_, text))) = (self.depth, &mut self.field)
            && text.len() + part.len() <= TEXT_LIMIT
        {
            text.push_str(part);
        }
    }

    fn keep(&mut self, component: Component) {
        let id = component.id.strip_suffix(".desktop").filter(|id| self.ids.contains(*id)).unwrap_or(&component.id);
        if let (true, Some((_, name))) = (self.ids.contains(id), component.name) {
            let listed = Listed { name, icons: component.icons };
            self.found.entry(id.to_owned()).or_insert(listed);
        }
    }
}

impl Component {
    fn take(&mut self, field: Field, text: &str) {
        match field {
            Field::Id => text.trim().clone_into(&mut self.id),
            Field::Name(rank) => {
                let name = text::clean(text, text::NAME_LIMIT);
                if !name.is_empty() {
                    self.name = Some((rank, name));
                }
            }
            Field::Icon if self.icons.len() < ICON_LIMIT => self.icons.push(text.trim().to_owned()),
            Field::Icon => {}
        }
    }
}

fn attribute(tag: &BytesStart, name: &str) -> Option<String> {
    let found = tag.try_get_attribute(name).ok().flatten()?;
    Some(found.value.into_owned())
}

/// The five entities of every XML file; leaves out others.
fn predefined(name: &str) -> &'static str {
    match name {
        "amp" => "&",
        "lt" => "<",
        "gt" => ">",
        "apos" => "'",
        "quot" => "\"",
        _ => "",
    }
}

/// How good a name in this language is, 0 being the best. `None` if it is unwanted. The default, which is English,
/// comes last unless English itself is wanted.
fn rank(language: Option<&str>, languages: &[String]) -> Option<usize> {
    let position =
        |wanted: &str| languages.iter().position(|known| known.replace('_', "-").eq_ignore_ascii_case(wanted));
    match language {
        Some(language) => position(&language.replace('_', "-")),
        None => Some(position("en").unwrap_or(languages.len())),
    }
}

/// Input that ends with an error if it is too long, as a whole or between two tags.
struct Bounded<R> {
    input: R,
    left: u64,
    left_of_event: u64,
}

impl<R: BufRead> BufRead for Bounded<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.left == 0 || self.left_of_event == 0 {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.input.fill_buf()
    }

    fn consume(&mut self, count: usize) {
        self.input.consume(count);
        let count = u64::try_from(count).unwrap_or(u64::MAX);
        self.left = self.left.saturating_sub(count);
        self.left_of_event = self.left_of_event.saturating_sub(count);
    }
}

impl<R: BufRead> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let filled = self.fill_buf()?;
        let count = filled.len().min(buffer.len());
        buffer[..count].copy_from_slice(&filled[..count]);
        self.consume(count);
        Ok(count)
    }
}
