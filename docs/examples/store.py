#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Asks Usher which button a store should show beside an app, and presses it.

    store.py REMOTE ADDRESS APP…            the button of each app
    store.py --press REMOTE ADDRESS APP     what the button does
    store.py --verify REMOTE ADDRESS REF    whether the token on standard input is good for a full ref

ADDRESS is the configured address of the remote: flatpak_remote_get_url() of libflatpak.
"""

import argparse
import sys

from gi.repository import Gio, GLib

INTERFACE = "io.github.usher.Access1"

BUTTONS = {
    "free": "Install",
    "owned": "Install",
    "not-owned": "Purchase…",
    "account-needed": "Sign In…",
    "link-needed": "Use Account…",
    "locked": "Unlock…",
}
OUTCOMES = ["done", "put off", "could not be asked", "a window is open"]
FOREVER = GLib.MAXINT


class Usher:
    """Usher on the bus. A real store calls the asynchronous forms of the same functions."""

    def __init__(self, name):
        self.name = name
        self.path = "/" + name.replace(".", "/")
        self.bus = Gio.bus_get_sync(Gio.BusType.SESSION)

    def call(self, method, arguments, reply, milliseconds):
        flags = Gio.DBusCallFlags.NONE
        answer = self.bus.call_sync(
            self.name, self.path, INTERFACE, method, arguments, GLib.VariantType(reply), flags, milliseconds
        )
        return answer.unpack()[0]

    def states(self, remote, address, apps):
        """The state of each app. Makes one call for all apps on the screen, not one call each."""
        question = GLib.Variant("(ssas)", (remote, address, apps))
        try:
            answers = self.call("Query", question, "(a{sa{sv}})", 60_000)
        except GLib.Error as error:
            # Usher is not installed, or could not answer: flatpak will say what is missing.
            print(f"Usher gives no answer: {error.message}")
            return {}
        return {app: answer["state"] for app, answer in answers.items()}

    def press(self, remote, address, app, state):
        """Does what the button of an app does before flatpak installs it. Lasts as long as the person takes."""
        if state == "not-owned":
            arguments = GLib.Variant("(sssss)", ("store1", remote, address, app, ""))
            return self.call("Purchase", arguments, "(u)", FOREVER)
        if BUTTONS.get(state, "Install") != "Install":
            arguments = GLib.Variant("(ssss)", ("store1", remote, address, ""))
            return self.call("SignIn", arguments, "(u)", FOREVER)
        return 0

    def verify(self, remote, address, ref, token):
        """Whether a token that somebody shows is good for a ref."""
        shown = [(ref, token)]
        verdicts = self.call("VerifyTokens", GLib.Variant("(ssa(ss))", (remote, address, shown)), "(a{sb})", 60_000)
        return verdicts[ref]

    def watch(self, changed):
        """Calls `changed` whenever the answers may have changed."""
        flags = Gio.DBusSignalFlags.NONE
        self.bus.signal_subscribe(
            self.name, INTERFACE, "AccountsChanged", self.path, None, flags, lambda *_: changed()
        )


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--name", default="io.github.usher.Usher.Access", help="bus name; a development build has its own")
    parser.add_argument("--press", action="store_true", help="press the button of the first app")
    parser.add_argument("--verify", action="store_true", help="check the token on standard input for a full ref")
    parser.add_argument("remote")
    parser.add_argument("address")
    parser.add_argument("apps", nargs="+", metavar="app", help="id of an app, or with --verify a full ref")
    options = parser.parse_args()

    usher = Usher(options.name)
    if options.verify:
        is_good = usher.verify(options.remote, options.address, options.apps[0], sys.stdin.read().strip())
        print("good" if is_good else "not good")
        return
    states = usher.states(options.remote, options.address, options.apps)
    for app in options.apps:
        state = states.get(app, "unknown")
        print(f"{app}: {BUTTONS.get(state, 'Install')} ({state})", flush=True)
    if not options.press:
        return

    app = options.apps[0]
    loop = GLib.MainLoop()

    def look_again():
        state = usher.states(options.remote, options.address, [app]).get(app, "unknown")
        print(f"{app}: {BUTTONS.get(state, 'Install')} ({state})", flush=True)
        if BUTTONS.get(state, "Install") == "Install":
            loop.quit()

    usher.watch(look_again)
    outcome = usher.press(options.remote, options.address, app, states.get(app))
    print(OUTCOMES[outcome], flush=True)
    if outcome == 3:
        # The person goes on in Usher's window, and may take as long as they like.
        loop.run()


if __name__ == "__main__":
    main()
