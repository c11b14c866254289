# SPDX-License-Identifier: GPL-3.0-or-later
"""A plain browser: shows the page at an address in a given width, says whether it fits, and pastes. Runs a script before
those of the page."""

import sys
import gi
gi.require_version("Adw", "1")
gi.require_version("WebKit", "6.0")
from gi.repository import Adw, GLib, Gtk, WebKit
GLib.set_prgname("browser")
address, width, script = sys.argv[1], int(sys.argv[2]), sys.argv[3]
def activate(app):
    window = Adw.ApplicationWindow(application=app, title="Browser", default_width=width, default_height=760)
    view, status, pasted = WebKit.WebView(vexpand=True), Gtk.Label(label="Loading"), Gtk.Label(wrap=True)
    frames, time = WebKit.UserContentInjectedFrames.TOP_FRAME, WebKit.UserScriptInjectionTime.START
    view.get_user_content_manager().add_script(WebKit.UserScript.new(script, frames, time, None, None))
    def measured(view, result):
        fits = view.evaluate_javascript_finish(result).to_boolean()
        status.set_label("Fits" if fits else "Too Wide")
    def loaded(view, event):
        if event == WebKit.LoadEvent.FINISHED:
            fits = "document.documentElement.scrollWidth <= innerWidth"
            view.evaluate_javascript(fits, -1, None, None, None, measured)
    view.connect("load-changed", loaded)
    def paste(button):
        clipboard = button.get_clipboard()
        clipboard.read_text_async(None, lambda _, result: pasted.set_label(clipboard.read_text_finish(result) or ""))
    button = Gtk.Button(label="Paste")
    button.connect("clicked", paste)
    box = Gtk.Box(orientation=Gtk.Orientation.VERTICAL)
    for widget in (view, status, button, pasted):
        box.append(widget)
    window.set_content(box)
    window.present()
    view.load_uri(address)
app = Adw.Application(application_id="org.example.Browser")
app.connect("activate", activate)
app.run()
