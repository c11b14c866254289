// SPDX-License-Identifier: GPL-3.0-or-later
//! The apps: a script that prints a greeting, with a desktop file, icons and AppStream data.

use std::{
    fs,
    io::{self, Write},
    os::unix::fs::PermissionsExt,
    path::Path,
};

use flate2::{Compression, GzBuilder};

use crate::{
    StoreError,
    catalogue::{App, BRANCH, Terms},
    html::{Html, escape},
};

/// Writes the tree of one version, ready for `flatpak build-finish`.
pub(super) fn write(app: &App, tree: &Path, arch: &str, version: u32, platform: &str) -> Result<(), StoreError> {
    let App { id, name, says, .. } = app;
    write_file(&tree.join("metadata"), metadata(app, arch, platform).as_bytes())?;

    let script = tree.join("files/bin/hello");
    write_file(&script, format!("#!/bin/sh\necho 'Hello from {name} {version}'\necho '{says}'\n").as_bytes())?;
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).map_err(StoreError::file(&script))?;

    let share = tree.join("files/share");
    write_file(&share.join(format!("applications/{id}.desktop")), desktop_entry(app).as_bytes())?;
    for (size, picture) in app.icon.png {
        write_file(&share.join(format!("icons/hicolor/{size}x{size}/apps/{id}.png")), picture)?;
        write_file(&share.join(format!("app-info/icons/flatpak/{size}x{size}/{id}.png")), picture)?;
    }
    let description = compress(&description(app, version)).map_err(StoreError::file(tree))?;
    write_file(&share.join(format!("app-info/xmls/{id}.xml.gz")), &description)?;
    if app.translated {
        let folder = share.join("runtime/locale");
        fs::create_dir_all(&folder).map_err(StoreError::file(&folder))?;
    }
    Ok(())
}

/// Writes the tree of the app's `.Locale` extension.
pub(super) fn write_translations(app: &App, tree: &Path, arch: &str, version: u32) -> Result<(), StoreError> {
    const GREETINGS: [(&str, &str); 2] = [("de", "Hallo von"), ("en", "Hello from")];
    let App { id, name, .. } = app;
    let metadata = format!("[Runtime]\nname={id}.Locale\n\n[ExtensionOf]\nref=app/{id}/{arch}/{BRANCH}\n");
    write_file(&tree.join("metadata"), metadata.as_bytes())?;
    for (language, greeting) in GREETINGS {
        write_file(
            &tree.join(format!("files/{language}/share/greeting")),
            format!("{greeting} {name} {version}\n").as_bytes(),
        )?;
    }
    let usr = tree.join("usr");
    fs::create_dir_all(&usr).map_err(StoreError::file(&usr))
}

fn metadata(app: &App, arch: &str, platform: &str) -> String {
    let id = app.id;
    let runtime = format!("{}/{arch}/{platform}", app.platform);
    let extension = if app.translated {
        format!("\n[Extension {id}.Locale]\ndirectory=share/runtime/locale\nautodelete=true\nlocale-subset=true\n")
    } else {
        String::new()
    };
    format!("[Application]\nname={id}\nruntime={runtime}\nsdk={runtime}\ncommand=hello\n{extension}")
}

fn desktop_entry(app: &App) -> String {
    let App { id, name, summary, .. } = app;
    format!(
        "[Desktop Entry]\nType=Application\nName={name}\nComment={summary}\nExec=hello\nIcon={id}\nTerminal=true\nCategories=Utility;\n"
    )
}

fn description(app: &App, version: u32) -> String {
    let (id, name, summary) = (app.id, escape(app.name), escape(app.summary));
    let terms = match app.terms {
        Terms::Free => "by anybody",
        Terms::Members => "with an account",
        Terms::Sold { .. } => "after it was bought",
    };
    let icons = Html::join(app.icon.png.iter().map(|(size, _)| {
        Html::trusted(format!("<icon type=\"cached\" width=\"{size}\" height=\"{size}\">{id}.png</icon>\n"))
    }));
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<components version=\"0.14\" origin=\"flatpak\">\n\
         <component type=\"desktop-application\">\n<id>{id}</id>\n<name>{name}</name>\n<summary>{summary}</summary>\n\
         <description><p>Prints a greeting in a terminal. It is there to try out how an app is installed {terms}.</p></description>\n\
         <project_license>GPL-3.0-or-later</project_license>\n\
         {icons}\
         <launchable type=\"desktop-id\">{id}.desktop</launchable>\n\
         <releases><release version=\"{version}\" timestamp=\"1700000000\"/></releases>\n\
         </component>\n</components>\n"
    )
}

fn compress(text: &str) -> io::Result<Vec<u8>> {
    let mut writer = GzBuilder::new().write(Vec::new(), Compression::best());
    writer.write_all(text.as_bytes())?;
    writer.finish()
}

/// Writes a file and creates its folders.
pub(super) fn write_file(path: &Path, content: &[u8]) -> Result<(), StoreError> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(StoreError::file(folder))?;
    }
    fs::write(path, content).map_err(StoreError::file(path))
}
