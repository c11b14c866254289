#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Prints which application opens a file by default, and which others a file manager offers: handlers.py FILE…

One line of JSON for each file. The environment says which applications there are.
"""

import json
import sys

from gi.repository import Gio


def names(applications):
    return [application.get_id() for application in applications]


for file in sys.argv[1:]:
    content_type = Gio.File.new_for_path(file).query_info("standard::content-type", 0).get_content_type()
    default = Gio.AppInfo.get_default_for_type(content_type, False)
    print(json.dumps({
        "type": content_type,
        "default": default and default.get_id(),
        "recommended": names(Gio.AppInfo.get_recommended_for_type(content_type)),
        "related": names(Gio.AppInfo.get_fallback_for_type(content_type)),
    }))
