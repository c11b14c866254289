#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Says whether a client of a mirror may have a file. nginx asks it, by auth_request.

    checker.py [--repo FOLDER] [--socket FILE] REMOTE

REMOTE is the remote of this computer that the mirror is a copy of: its option verify-key has the keys with which
`usherctl verify` checks the tokens. Which app a file belongs to, the commit in the mirror's own repository says. The client's
header Flatpak-Ref is not read: it says what the client likes.
"""

import argparse
import base64
import contextlib
import hashlib
import http.server
import os
import re
import socketserver
import subprocess
import sys
import threading
import time

COMMIT = re.compile(r"/objects/([0-9a-f]{2})/([0-9a-f]{62})\.commit")
DELTA = re.compile(r"/deltas/([\w+]{2})/([\w+]{41})(?:-([\w+]{43}))?/\w+", re.ASCII)
DELTA_INDEX = re.compile(r"/delta-indexes/([\w+]{2})/([\w+]{41})\.index", re.ASCII)
REF = re.compile(r"'((?:app|runtime)/[^']+)'")
BEARER = re.compile(r"Bearer ([A-Za-z0-9._~+/-]{1,8192}=*)")

OK, TOKEN_NEEDED, REFUSED, FAILED = 204, 401, 403, 500

# How long a good answer counts, in seconds, and how long a program may take.
LIFETIME = 60
TIME_LIMIT = 30


def commit_of(file):
    """The commit to which a file of the repository leads, or None."""
    if found := COMMIT.fullmatch(file):
        return found[1] + found[2]
    if found := DELTA.fullmatch(file):
        return decoded(found[3] or found[1] + found[2])
    if found := DELTA_INDEX.fullmatch(file):
        return decoded(found[1] + found[2])
    return None


def decoded(name):
    """A checksum as the names of deltas spell it: base64 with _ for /, without padding."""
    return base64.b64decode(name.replace("_", "/") + "=", validate=True).hex()


class Commits:
    """What the commits of the mirror's repository say of themselves."""

    def __init__(self, repo):
        self.repo = repo
        self.known = {}

    def protected_refs(self, commit):
        """The refs for which a token has to be, or None if no token is needed. Fails for a commit that is not there."""
        if commit not in self.known:
            refs = REF.findall(self.metadata(commit, "ostree.ref-binding"))
            is_open = self.metadata(commit, "xa.token-type") in ("", "0")
            # A commit never changes.
            self.known[commit] = None if is_open else refs
        return self.known[commit]

    def metadata(self, commit, key):
        """A value as ostree prints it; empty if the commit has none."""
        command = ["ostree", "show", f"--repo={self.repo}", f"--print-metadata-key={key}", commit]
        environment = {**os.environ, "LC_ALL": "C"}
        done = run(command, env=environment, stdin=subprocess.DEVNULL)
        if done.returncode == 0:
            return done.stdout.strip()
        if "No such metadata key" in done.stderr:
            return ""
        raise RuntimeError(done.stderr.strip())


class Usher:
    """Checks tokens as the options of a remote say."""

    def __init__(self, remote):
        self.remote = remote
        # Each check is a process. So many run at a time.
        self.places = threading.BoundedSemaphore(4)

    def is_good(self, ref, token):
        with self.places:
            # On standard input: everybody on this computer can read the arguments of a program.
            done = run(["usherctl", "verify", self.remote, ref], input=token)
        if done.returncode == 0:
            return True
        # 1: not good. 8: no token that can be checked here.
        if done.returncode in (1, 8):
            return False
        raise RuntimeError(done.stderr.strip())


def run(command, **options):
    return subprocess.run(command, capture_output=True, text=True, timeout=TIME_LIMIT, check=False, **options)


class Checker:
    """Decides about files, and remembers for a while which tokens were good for which commits."""

    def __init__(self, protected_refs, is_good, clock=time.monotonic):
        self.protected_refs = protected_refs
        self.is_good = is_good
        self.clock = clock
        self.good_until = {}
        self.lock = threading.Lock()

    def answer(self, file, authorization):
        """The status for nginx."""
        commit = commit_of(file)
        if commit is None:
            return REFUSED
        refs = self.protected_refs(commit)
        if refs is None:
            return OK
        bearer = BEARER.fullmatch(authorization or "")
        if bearer is None:
            return TOKEN_NEEDED
        token = bearer[1]
        # No token stays in memory.
        key = hashlib.sha256(f"{commit} {token}".encode()).digest()
        if self.is_remembered(key):
            return OK
        if not any(self.is_good(ref, token) for ref in refs):
            return REFUSED
        with self.lock:
            self.good_until[key] = self.clock() + LIFETIME
        return OK

    def is_remembered(self, key):
        now = self.clock()
        with self.lock:
            self.good_until = {key: until for key, until in self.good_until.items() if now < until}
            return key in self.good_until


class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True
    request_queue_size = 128


def handler(checker):
    class Handler(http.server.BaseHTTPRequestHandler):
        timeout = TIME_LIMIT

        def do_GET(self):
            try:
                status = checker.answer(self.headers["Mirror-File"], self.headers["Authorization"])
            except Exception as error:
                # nginx sends no file then.
                print(f"checker: {error}", file=sys.stderr, flush=True)
                status = FAILED
            self.send_response_only(status)
            if status == TOKEN_NEEDED:
                self.send_header("WWW-Authenticate", "Bearer")
            self.send_header("Connection", "close")
            self.end_headers()

        def log_message(self, *_):
            pass

    return Handler


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repo", default="repo", help="the mirror's repository")
    parser.add_argument("--socket", default="checker.socket", help="where nginx asks")
    parser.add_argument("remote", metavar="REMOTE")
    options = parser.parse_args()

    checker = Checker(Commits(options.repo).protected_refs, Usher(options.remote).is_good)
    with contextlib.suppress(FileNotFoundError):
        os.unlink(options.socket)
    # Nobody else may ask.
    os.umask(0o077)
    with Server(options.socket, handler(checker)) as server:
        server.serve_forever()


if __name__ == "__main__":
    main()
