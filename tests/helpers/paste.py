#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A window that pastes: prints the text on the clipboard as soon as it has the keyboard, and ends."""

import gi

gi.require_version("Gtk", "4.0")
from gi.repository import GLib, Gtk

GLib.set_prgname("paste")


def pasted(clipboard, result):
    print("pasted:", clipboard.read_text_finish(result), flush=True)
    application.quit()


def has_keyboard(window, _property):
    if window.is_active():
        window.get_clipboard().read_text_async(None, pasted)


def activate(application):
    window = Gtk.ApplicationWindow(application=application, title="Paste", child=Gtk.Label(label="Paste"))
    window.connect("notify::is-active", has_keyboard)
    window.present()


application = Gtk.Application(application_id="org.example.Paste")
application.connect("activate", activate)
application.run()
