# SPDX-License-Identifier: GPL-3.0-or-later
"""Tries the checker of a mirror with a clock of its own: mirror_checker.py CHECKER"""

import importlib.util
import sys

sys.dont_write_bytecode = True
source = importlib.util.spec_from_file_location("checker", sys.argv[1])
checker = importlib.util.module_from_spec(source)
source.loader.exec_module(checker)

OPEN, ONE, OTHER = "0" * 64, "1" * 64, "2" * 64
REFS = {OPEN: None, ONE: ["app/org.example.One/x86_64/stable"], OTHER: ["app/org.example.Other/x86_64/stable"]}


class World:
    """A clock, and a token that is good until it is not."""

    def __init__(self):
        self.now = 1000.0
        self.good = {"good"}
        self.checks = []
        self.checker = checker.Checker(REFS.__getitem__, self.is_good, lambda: self.now)

    def is_good(self, ref, token):
        self.checks.append((ref, token))
        return token in self.good

    def asks(self, commit, authorization="Bearer good"):
        return self.checker.answer(f"/objects/{commit[:2]}/{commit[2:]}.commit", authorization)


def a_good_answer_counts_for_a_minute_and_no_longer():
    world = World()
    assert world.asks(ONE) == 204
    world.good.clear()
    world.now += 59.9
    assert world.asks(ONE) == 204
    assert len(world.checks) == 1, "it is remembered"
    world.now += 0.1
    assert world.asks(ONE) == 403
    assert len(world.checks) == 2, "it is checked again"
    assert not world.checker.good_until, "nothing is left of it"


def asking_again_does_not_prolong_it():
    world = World()
    for _ in range(10):
        world.asks(ONE)
        world.now += 10
    assert len(world.checks) == 2, world.checks


def it_counts_for_that_commit_and_that_token_alone():
    world = World()
    assert world.asks(ONE) == 204
    world.good.clear()
    assert world.asks(OTHER) == 403
    assert world.asks(ONE, "Bearer goo") == 403
    assert world.asks(ONE, "Bearer good=") == 403
    assert world.asks(ONE) == 204


def a_bad_answer_is_not_remembered():
    world = World()
    assert world.asks(ONE, "Bearer late") == 403
    world.good.add("late")
    assert world.asks(ONE, "Bearer late") == 204


def no_token_is_kept():
    world = World()
    world.asks(ONE)
    assert "good" not in repr(vars(world.checker)["good_until"])


def without_a_bearer_token_nothing_is_checked():
    world = World()
    for authorization in [None, "", "Bearer", "Bearer ", "bearer good", "Basic good", "Bearer a b", "Bearer good\n", "Bearer ü"]:
        assert world.asks(ONE, authorization) == 401, authorization
        assert world.asks(OPEN, authorization) == 204, authorization
    assert not world.checks


def what_is_no_file_of_a_commit_is_refused():
    world = World()
    delta = "A" * 41
    for file in [
        "",
        "/summary",
        f"/objects/00/{'0' * 62}.commit\n",
        f"/objects/00/{'0' * 62}.filez",
        f"/objects/00/{'0' * 61}.commit",
        f"/objects/00/../00/{'0' * 62}.commit",
        f"/deltas/AA/{delta}",
        f"/deltas/AA/{delta}A/superblock",
        f"/deltas/AA/{delta}-{delta}/superblock",
    ]:
        assert world.checker.answer(file, "Bearer good") == 403, file


def a_delta_leads_to_the_commit_that_it_makes():
    zeros, to = "A" * 43, "ERERERERERERERERERERERERERERERERERERERERERE"
    for file in [f"/deltas/{to[:2]}/{to[2:]}/superblock", f"/deltas/AA/{zeros[2:]}-{to}/0", f"/delta-indexes/{to[:2]}/{to[2:]}.index"]:
        assert checker.commit_of(file) == ONE, file


for name, test in list(globals().items()):
    if name.startswith(("a_", "asking", "it_", "no_", "without", "what")):
        test()
        print(name)
