"""What may be done with a matter: a table of stage × step × hand × level → stage. No database, no clock.

The links of the closed loop follow the city-management standard GB/T 30428 (report, file, dispatch, handle,
feed back, verify and close, evaluate); beside them stand what 12345 hotlines know: return, suspend, urge,
supervise, joint handling, merging, reopening.
"""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

LEVELS = ("grid", "community", "township", "county", "prefecture")
STAGES = ("reported", "filed", "dispatched", "accepted", "handled", "fed_back", "verified", "closed",
          "evaluated", "returned", "suspended", "merged")  # fmt: skip
OPEN = ("reported", "filed", "dispatched", "accepted", "handled", "fed_back", "verified", "returned")
OVER = ("closed", "evaluated", "merged")
BACK = "back"  # to the stage that it was returned or suspended from
SAME = "same"
_LIVE = OPEN[:-1]
_RAISE = ("office", "leader", "handler", "system")
_URGE = ("office", "leader", "reporter")


class Rule(NamedTuple):
    """A line of the table."""

    step: str
    stages: tuple[str, ...]  # from which
    to: str
    hands: tuple[str, ...]  # who may take it, if any of these


# fmt: off
RULES = (
    Rule("file",       ("reported",),                              "filed",      ("office", "leader")),
    Rule("dispatch",   ("filed",),                                 "dispatched", ("office", "leader")),
    Rule("dispatch",   ("dispatched", "accepted"),                 "dispatched", ("office",)),
    Rule("accept",     ("dispatched",),                            "accepted",   ("handler", "team")),
    Rule("handle",     ("dispatched", "accepted"),                 "handled",    ("handler",)),
    Rule("feed_back",  ("handled",),                               "fed_back",   ("handler",)),
    Rule("verify",     ("fed_back",),                              "verified",   ("office", "leader")),
    Rule("close",      ("verified",),                              "closed",     ("office",)),
    Rule("evaluate",   ("closed",),                                "evaluated",  ("office", "reporter")),
    Rule("return",     ("fed_back",),                              "accepted",   ("office", "leader")),
    Rule("return",     ("reported", "filed"),                      "returned",   ("office",)),
    Rule("return",     ("dispatched", "accepted"),                 "returned",   ("handler", "team")),
    Rule("uphold",     ("returned",),                              "filed",      ("office",)),
    Rule("overrule",   ("returned",),                              BACK,         ("office",)),
    Rule("suspend",    ("filed", "dispatched", "accepted"),        "suspended",  ("office",)),
    Rule("resume",     ("suspended",),                             BACK,         ("office", "system")),
    Rule("escalate",   _LIVE,                                      SAME,         _RAISE),
    Rule("escalate",   ("returned",),                              SAME,         ("system",)),
    Rule("remind",     OPEN,                                       SAME,         ("system",)),
    Rule("urge",       OPEN,                                       SAME,         _URGE),
    Rule("supervise",  (*OPEN, "suspended"),                       SAME,         ("above",)),
    Rule("add_party",  ("dispatched", "accepted", "handled"),      SAME,         ("office",)),
    Rule("party_done", ("dispatched", "accepted", "handled"),      SAME,         ("office", "handler")),
    Rule("merge",      ("reported", "filed"),                      "merged",     ("office", "leader")),
    Rule("reopen",     ("closed", "evaluated"),                    "filed",      ("office", "reporter")),
    Rule("note",       tuple(each for each in STAGES if each != "merged"), SAME, ("anyone",)),
)
# fmt: on
STEPS = tuple(dict.fromkeys(rule.step for rule in RULES))
BY_HAND = tuple(each for each in STEPS if each != "remind")
REASONS = {  # the types of a reason that a step must give
    "return": ("not_ours", "wrong_place", "wrong_class", "needs_higher", "incomplete", "unfounded",
               "not_solved"),
    "suspend": ("weather", "season", "law", "money", "third_party", "person_away"),
    "close": ("resolved", "mediated", "transferred", "unfounded"),
    "evaluate": ("satisfied", "acceptable", "unsatisfied"),
    "reopen": ("not_solved", "happened_again", "closed_by_mistake"),
}  # fmt: skip
REWORK = "not_solved"  # the one reason to return what was fed back
_VERIFYING = ("verify", "return")
TAKES = {  # beside note and photos: what a step must be told, and what it may be told
    "file": ((), ("class",)),
    "dispatch": ((), ("assignee_id", "team_id")),
    "close": (("reason",), ()),
    "evaluate": (("reason",), ()),
    "return": (("reason",), ()),
    "uphold": ((), ("class", "place")),
    "suspend": (("reason", "review_at"), ()),
    "add_party": (("party",), ()),
    "party_done": (("party",), ()),
    "merge": (("into_id",), ()),
    "reopen": (("reason",), ()),
    "note": (("note",), ()),
}


class State(NamedTuple):
    """Where a matter stands."""

    stage: str
    level: str
    back_to: str | None = None  # while it is returned or suspended
    back_level: str | None = None


class Actor(NamedTuple):
    """Who would act: role, the level of their area, and what ties them to the matter."""

    role: str
    rank: str = "grid"
    ties: frozenset[str] = frozenset()  # of handler, team, reporter, leader, has_handled


SYSTEM = Actor("system")


def is_above(one: str, other: str) -> bool:
    """Whether a level stands higher than another."""
    return LEVELS.index(one) > LEVELS.index(other)


def raised(level: str) -> str:
    """The next level up; the prefecture has none above it."""
    return LEVELS[min(LEVELS.index(level) + 1, len(LEVELS) - 1)]


def hands(actor: Actor, level: str) -> Iterator[str]:
    """In which capacities somebody acts on a matter of a level."""
    if actor == SYSTEM:
        yield "system"
        return
    yield "anyone"
    if actor.role in ("officer", "centre"):
        if not is_above(level, actor.rank):
            yield "office"
        if is_above(actor.rank, level) or actor.rank == LEVELS[-1]:
            yield "above"
    if "leader" in actor.ties and level == "grid":
        yield "leader"
    yield from actor.ties & {"handler", "team", "reporter"}


@lru_cache(maxsize=4096)
def after(state: State, step: str, actor: Actor) -> State | None:
    """Where a step would lead, or None if this person may not take it here."""
    own = set(hands(actor, state.level))
    for rule in RULES:
        if rule.step != step or state.stage not in rule.stages or not own & set(rule.hands):
            continue
        if state.stage == "fed_back" and step in _VERIFYING and actor.ties & {"handler", "has_handled"}:
            continue  # the verifier is not the handler
        if step == "escalate" and state.level == LEVELS[-1]:
            continue
        return _moved(state, rule)
    return None


def _moved(state: State, rule: Rule) -> State:
    level = raised(state.level) if rule.step == "escalate" else state.level
    if rule.to == SAME:
        return state._replace(level=level)
    if rule.to == BACK:
        return State(state.back_to or "filed", state.back_level or level)
    if rule.to == "returned":  # arbitrated one level up
        return State("returned", raised(level), state.stage, level)
    if rule.to == "suspended":
        return State("suspended", level, state.stage, level)
    return State(rule.to, level)


def allowed(state: State, actor: Actor) -> dict[str, str]:
    """What this person may do now: step → the stage that it leads to."""
    led = ((step, after(state, step, actor)) for step in BY_HAND)
    return {step: then.stage for step, then in led if then}


def is_path(taken: Sequence[tuple[str, str, str]]) -> bool:
    """Whether a history could have happened; each entry is a step, and the stage and level that it led to.

    The first is the report itself. Every other step leads there in somebody's hands.
    """
    everybody = [SYSTEM, *(Actor("officer", rank) for rank in LEVELS)]
    everybody += [Actor("member", ties=frozenset([tie])) for tie in ("handler", "team", "reporter", "leader")]
    (first, stage, level), *others = taken
    states = {State(stage, level)} if (first, stage) == ("report", "reported") else set()
    for step, stage, level in others:
        led = {after(state, step, actor) for state in states for actor in everybody}
        states = {then for then in led if then and (then.stage, then.level) == (stage, level)}
    return bool(states)
