# SPDX-License-Identifier: GPL-3.0-or-later
"""A window that does not fit, with a control that has no name."""

import gi
gi.require_version("Adw", "1")
from gi.repository import Adw, GLib, Gtk
GLib.set_prgname("clumsy")
def activate(app):
    window = Adw.ApplicationWindow(application=app, title="Clumsy", default_width=600)
    box = Gtk.Box()
    box.append(Gtk.Button(icon_name="edit-copy-symbolic"))
    box.append(Gtk.Button(label="Wide", width_request=500))
    window.set_content(box)
    window.present()
app = Adw.Application(application_id="org.example.Clumsy")
app.connect("activate", activate)
app.run()
