"""Waiting callers share a transaction, and nobody fails for another."""

from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest

from service.errors import Conflict, Problem
from service.together import Together


class Work:
    """Gives everybody their own back, in groups that it remembers; the first group waits to be let go."""

    def __init__(self, *poison):
        self.groups, self.poison = [], poison
        self.has_begun, self.may_go_on = Event(), Event()
        self.together = Together(self, most=8)

    def __call__(self, asked):
        self.groups.append(list(asked))
        self.has_begun.set()
        assert self.may_go_on.wait(10)
        if set(self.poison) & set(asked):
            raise Conflict
        return [each if each >= 0 else Conflict() for each in asked]

    def outcome(self, asked):
        try:
            return self.together(asked)
        except Problem as problem:
            return type(problem)

    def all_at_once(self, *asked):
        """The first alone, since it is at work before the others come."""
        with ThreadPoolExecutor(len(asked)) as threads:
            first = threads.submit(self.outcome, asked[0])
            assert self.has_begun.wait(10)
            rest = [threads.submit(self.outcome, each) for each in asked[1:]]
            while len(self.together._waiting) < len(rest):
                assert not first.done()
            self.may_go_on.set()
            return [each.result(10) for each in (first, *rest)]


@pytest.fixture
def work(app):
    return Work


def test_whoever_waits_shares_the_next_transaction(work):
    done = work()
    assert done.all_at_once(1, 2, 3, 4) == [1, 2, 3, 4]
    assert [sorted(group) for group in done.groups] == [[1], [2, 3, 4]]


def test_a_group_that_fails_is_tried_one_by_one(work):
    assert work(3).all_at_once(1, 2, 3, 4) == [1, 2, Conflict, 4]


def test_a_problem_that_is_told_concerns_one_alone(work):
    assert work().all_at_once(1, -2, 3) == [1, Conflict, 3]


def test_there_is_an_end_to_a_group(work):
    done = work()
    done.all_at_once(*range(12))
    assert max(map(len, done.groups)) == 8
