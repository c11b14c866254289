#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers the keyring's password prompts.

Prints the bus name for the keyring, then reads one answer a line, each for one prompt to come:
"unlock PASSWORD" or "cancel". Confirms every answer with "ok". Dismisses a prompt without an answer.
"""

import ctypes
import sys

gcr = ctypes.CDLL("libgcr-base-3.so.1")
gcr.gcr_mock_prompter_start.restype = ctypes.c_char_p
gcr.gcr_mock_prompter_expect_password_ok.argtypes = [ctypes.c_char_p, ctypes.c_void_p]

print(gcr.gcr_mock_prompter_start().decode(), flush=True)
for line in sys.stdin:
    answer, _, password = line.rstrip("\n").partition(" ")
    if answer == "unlock":
        gcr.gcr_mock_prompter_expect_password_ok(password.encode(), None)
    else:
        gcr.gcr_mock_prompter_expect_password_cancel()
    print("ok", flush=True)
gcr.gcr_mock_prompter_stop()
