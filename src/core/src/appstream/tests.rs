// SPDX-License-Identifier: GPL-3.0-or-later

use std::{io::Write, os::unix::fs::symlink};

use flate2::{Compression, write::GzEncoder};
use proptest::prelude::*;

use super::*;

const CATALOG: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<components version="0.8" origin="flatpak">
  <component type="desktop-application">
    <id>org.example.Notes</id>
    <name>Notes &amp; Lists</name>
    <name xml:lang="de">Notizen</name>
    <name xml:lang="pt_BR">Anota&#xe7;ões</name>
    <developer><name>Somebody</name><id>org.example</id></developer>
    <icon type="stock">other</icon>
    <icon type="cached" height="64" width="64">org.example.Notes.png</icon>
    <bundle type="flatpak">app/org.example.Notes/x86_64/stable</bundle>
  </component>
  <component type="desktop">
    <id>org.example.Old.desktop</id>
    <name>  Old
      One</name>
  </component>
  <component type="addon"><id>org.example.Addon</id><name>Addon</name></component>
  <component type="desktop"><id>org.example.Nameless</id><icon/></component>
</components>"#;

fn ids(ids: &[&str]) -> BTreeSet<String> {
    ids.iter().map(|&id| id.to_owned()).collect()
}

fn names(xml: &[u8], wanted: &[&str], languages: &[&str]) -> Vec<String> {
    let languages: Vec<String> = languages.iter().map(|&language| language.to_owned()).collect();
    catalog::read(xml, &ids(wanted), &languages).into_values().map(|listed| listed.name).collect()
}

/// The first bytes of a picture of this size.
fn png(width: u32, height: u32) -> Vec<u8> {
    [b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".as_slice(), &width.to_be_bytes(), &height.to_be_bytes(), b"rest"].concat()
}

/// An installation with the data of the remote `demo`.
struct Fixture {
    folder: tempfile::TempDir,
    data: PathBuf,
}

impl Fixture {
    fn new(architecture: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let remote = folder.path().join("appstream/demo").join(architecture);
        let data = remote.join("abcdef");
        fs::create_dir_all(data.join("icons/64x64")).unwrap();
        symlink("abcdef", remote.join("active")).unwrap();
        Self { folder, data }
    }

    fn write(&self, name: &str, bytes: &[u8]) {
        fs::write(self.data.join(name), bytes).unwrap();
    }

    fn write_packed(&self, xml: &[u8]) {
        let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
        packed.write_all(xml).unwrap();
        self.write("appstream.xml.gz", &packed.finish().unwrap());
    }

    fn find(&self, wanted: &[&str]) -> BTreeMap<String, AppInfo> {
        let installation = Installation { path: self.folder.path().into(), is_user: true, name: None };
        find(&[installation], "demo", &ids(wanted), &[])
    }
}

#[test]
fn the_data_of_a_container_registry_is_found() {
    let fixture = Fixture::new(own_architecture());
    fixture.write_packed(CATALOG.as_bytes());
    fixture.write("icons/64x64/org.example.Notes.png", &png(64, 64));
    // Flatpak writes this layout for a registry: without versions, and without a link to the newest.
    let remote = fixture.data.parent().unwrap();
    fs::remove_file(remote.join("active")).unwrap();
    for name in ["appstream.xml.gz", "icons"] {
        fs::rename(fixture.data.join(name), remote.join(name)).unwrap();
    }
    fs::remove_dir(&fixture.data).unwrap();
    let found = fixture.find(&["org.example.Notes"]);
    let notes = &found["org.example.Notes"];
    assert_eq!(notes.name, "Notes & Lists");
    assert!(notes.icon.as_ref().is_some_and(|icon| icon.ends_with("icons/64x64/org.example.Notes.png")));
}

#[test]
fn apps_are_found_by_their_ids_old_and_new() {
    let found = names(CATALOG.as_bytes(), &["org.example.Notes", "org.example.Old", "org.example.Addon"], &[]);
    assert_eq!(found, ["Notes & Lists", "Old One"]);
    assert_eq!(names(CATALOG.as_bytes(), &["org.example", "org.example.Nameless"], &[]), [""; 0]);
}

#[test]
fn a_name_is_in_the_persons_language_if_possible() {
    let name = |languages: &[&str]| names(CATALOG.as_bytes(), &["org.example.Notes"], languages).remove(0);
    assert_eq!(name(&["de-AT", "de"]), "Notizen");
    assert_eq!(name(&["pt-BR", "pt"]), "Anotações");
    assert_eq!(name(&["fr"]), "Notes & Lists");
    assert_eq!(name(&["en", "de"]), "Notes & Lists");
    assert_eq!(name(&["fr", "de"]), "Notizen");
}

#[test]
fn name_and_icon_come_from_the_data_of_the_remote() {
    let fixture = Fixture::new(own_architecture());
    fixture.write_packed(CATALOG.as_bytes());
    fixture.write("icons/64x64/org.example.Notes.png", &png(64, 64));
    let found = fixture.find(&["org.example.Notes", "org.example.Old"]);
    let icon = fixture.data.canonicalize().unwrap().join("icons/64x64/org.example.Notes.png");
    assert_eq!(found["org.example.Notes"], AppInfo { name: "Notes & Lists".into(), icon: Some(icon) });
    assert_eq!(found["org.example.Old"].icon, None);
    let installation = Installation { path: fixture.folder.path().into(), is_user: true, name: None };
    for other in ["other", "../demo", "..", "", "/"] {
        assert!(
            find(std::slice::from_ref(&installation), other, &ids(&["org.example.Old"]), &[]).is_empty(),
            "{other}"
        );
    }
}

#[test]
fn unpacked_data_of_another_architecture_is_found_too() {
    let fixture = Fixture::new("other");
    fixture.write("appstream.xml", CATALOG.as_bytes());
    assert_eq!(fixture.find(&["org.example.Notes"])["org.example.Notes"].name, "Notes & Lists");
}

#[test]
fn the_largest_icon_is_taken_and_huge_pictures_are_not() {
    let fixture = Fixture::new(own_architecture());
    fixture.write_packed(CATALOG.as_bytes());
    fs::create_dir_all(fixture.data.join("icons/128x128")).unwrap();
    let icon = || fixture.find(&["org.example.Notes"])["org.example.Notes"].icon.clone();
    fixture.write("icons/128x128/org.example.Notes.png", &png(128, 128));
    fixture.write("icons/64x64/org.example.Notes.png", &png(64, 64));
    assert!(icon().unwrap().ends_with("128x128/org.example.Notes.png"));
    fixture.write("icons/128x128/org.example.Notes.png", &png(60_000, 60_000));
    assert!(icon().unwrap().ends_with("64x64/org.example.Notes.png"));
    fixture.write("icons/64x64/org.example.Notes.png", b"<svg/>");
    assert_eq!(icon(), None);
}

#[test]
fn no_icon_leads_out_of_the_data_of_the_remote() {
    let outside = tempfile::tempdir().unwrap();
    fs::write(outside.path().join("secret.png"), png(64, 64)).unwrap();
    for name in ["../../secret.png", "/etc/passwd", "linked.png", ".", ""] {
        let fixture = Fixture::new(own_architecture());
        fs::write(fixture.data.join("secret.png"), png(64, 64)).unwrap();
        symlink(outside.path().join("secret.png"), fixture.data.join("icons/64x64/linked.png")).unwrap();
        fixture.write_packed(CATALOG.replace("org.example.Notes.png", name).as_bytes());
        assert_eq!(fixture.find(&["org.example.Notes"])["org.example.Notes"].icon, None, "{name}");
    }
    let fixture = Fixture::new(own_architecture());
    fixture.write_packed(CATALOG.replace("org.example.Notes.png", "secret.png").as_bytes());
    symlink(outside.path(), fixture.data.join("icons/128x128")).unwrap();
    assert_eq!(fixture.find(&["org.example.Notes"])["org.example.Notes"].icon, None);
}

#[test]
fn a_catalogue_that_is_a_link_is_not_followed() {
    let fixture = Fixture::new(own_architecture());
    fs::write(fixture.folder.path().join("elsewhere.xml"), CATALOG).unwrap();
    symlink(fixture.folder.path().join("elsewhere.xml"), fixture.data.join("appstream.xml")).unwrap();
    assert!(fixture.find(&["org.example.Notes"]).is_empty());
}

/// A file that goes on for ever, as a packed file of a few kilobytes can.
struct Endless {
    start: &'static [u8],
    pattern: &'static [u8],
    given: u64,
}

impl Read for Endless {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let all = self.start.iter().chain(self.pattern.iter().cycle());
        let count = if self.given == 0 { buffer.len() } else { buffer.len() / self.pattern.len() * self.pattern.len() };
        let skipped = if self.given == 0 { 0 } else { self.start.len() };
        for (to, from) in buffer[..count].iter_mut().zip(all.skip(skipped)) {
            *to = *from;
        }
        self.given += count as u64;
        assert!(self.given <= 200 << 20, "the reading goes on");
        Ok(count)
    }
}

#[test]
fn endless_files_end() {
    let whole = "<components><component type=\"desktop\"><id>org.a.A</id><name>A</name></component>".as_bytes();
    for (start, pattern) in [
        (whole, b"<a></a>".as_slice()),
        (whole, b"<a>".as_slice()),
        (whole, b" ".as_slice()),
        (b"<components><!--", b"-".as_slice()),
        (b"<components ", b"a".as_slice()),
        (b"<components><component type=\"desktop\"><name>", b"A&amp;".as_slice()),
        (b"<components><component type=\"desktop\"><id>org.b.B</id>", b"<icon type=\"cached\">a</icon>".as_slice()),
    ] {
        let endless = Endless { start, pattern, given: 0 };
        let found = catalog::read(BufReader::with_capacity(1 << 16, endless), &ids(&["org.a.A", "org.b.B"]), &[]);
        assert_eq!(found.contains_key("org.a.A"), start == whole);
        assert!(!found.contains_key("org.b.B"));
    }
}

#[test]
fn reading_ends_once_everything_is_found() {
    let start = "<components><component type=\"desktop\"><id>org.a.A</id><name>A</name></component>".as_bytes();
    let mut endless = BufReader::with_capacity(1 << 16, Endless { start, pattern: b"<a></a>", given: 0 });
    assert_eq!(catalog::read(&mut endless, &ids(&["org.a.A"]), &[]).len(), 1);
    assert!(endless.get_ref().given <= 1 << 17);
}

proptest! {
    #[test]
    fn garbage_is_no_catalogue(bytes in any::<Vec<u8>>()) {
        let found = catalog::read(&*bytes, &ids(&["org.example.Notes"]), &["de".to_owned()]);
        prop_assert!(found.is_empty());
    }

    #[test]
    fn a_damaged_catalogue_never_yields_an_unclean_name(
        at in 0usize..CATALOG.len(), bytes in prop::collection::vec(any::<u8>(), 1..8), cut in any::<bool>(),
    ) {
        let mut damaged = CATALOG.as_bytes().to_vec();
        if cut {
            damaged.truncate(at);
        }
        damaged.splice(at.min(damaged.len()).saturating_sub(1)..at.min(damaged.len()), bytes);
        for name in names(&damaged, &["org.example.Notes", "org.example.Old"], &["de"]) {
            prop_assert_eq!(crate::text::clean(&name, crate::text::NAME_LIMIT), name);
        }
    }

    #[test]
    fn tags_in_any_order_are_read_without_panic(tags in prop::collection::vec("</?[a-c]{1,2}( type=\"desktop\")?/?>|<component type=\"desktop\">|</component>|<id>|</id>|<name>|</name>|&#x[0-9a-f]{1,8};|&[a-z]{1,3};|org.a.A", 0..40)) {
        let _ = names(tags.concat().as_bytes(), &["org.a.A"], &[]);
    }

    #[test]
    fn a_packed_file_of_garbage_is_no_catalogue(bytes in any::<Vec<u8>>()) {
        let fixture = Fixture::new(own_architecture());
        fixture.write("appstream.xml.gz", &bytes);
        prop_assert!(fixture.find(&["org.example.Notes"]).is_empty());
    }
}
