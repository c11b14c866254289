#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A window from which files can be dragged once, as from a file manager: drag.py FILE…

Prints “accepted” once the widget under the files would take them, and “dropped” once it has them.
"""

import sys

import gi

gi.require_version("Gtk", "4.0")
from gi.repository import Gdk, Gio, GLib, Gtk

GLib.set_prgname("drag")


def say(word):
    print(word, flush=True)


def dropped(_drag):
    say("dropped")
    application.quit()


def begun(_source, drag):
    def changed(drag, _property):
        if drag.get_selected_action() == Gdk.DragAction.COPY:
            say("accepted")

    drag.connect("notify::selected-action", changed)
    drag.connect("dnd-finished", dropped)


def activate(application):
    files = [Gio.File.new_for_path(path) for path in sys.argv[1:]]
    source = Gtk.DragSource(actions=Gdk.DragAction.COPY)
    # A file manager offers the paths as text, too.
    content = [Gdk.ContentProvider.new_for_value(value) for value in (Gdk.FileList.new_from_list(files), "some text")]
    source.set_content(Gdk.ContentProvider.new_union(content))
    source.connect("drag-begin", begun)
    label = Gtk.Label(label="Files", width_request=300, height_request=200)
    label.add_controller(source)
    Gtk.ApplicationWindow(application=application, title="Files", child=label).present()


application = Gtk.Application(application_id="org.example.Drag")
application.connect("activate", activate)
application.run()
