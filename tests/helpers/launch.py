#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Opens an application as a desktop does: launch.py FILE.desktop [ADDRESS…], or launch.py FILE.desktop --action NAME

Stays until the application is on the bus: the bus drops the call of a client that has gone.
"""

import pathlib
import sys

import gi

gi.require_version("GioUnix", "2.0")
from gi.repository import Gio, GioUnix, GLib

file = pathlib.Path(sys.argv[1])
application = GioUnix.DesktopAppInfo.new_from_filename(str(file))
context = Gio.AppLaunchContext()
if sys.argv[2:3] == ["--action"]:
    GioUnix.DesktopAppInfo.launch_action(application, sys.argv[3], context)
else:
    application.launch_uris(sys.argv[2:], context)
loop = GLib.MainLoop()
Gio.bus_watch_name(Gio.BusType.SESSION, file.stem, Gio.BusNameWatcherFlags.NONE, lambda *_: loop.quit(), None)
loop.run()
