"""Templates by season: how patrols are when herders move, or caterpillar fungus is dug."""

from datetime import UTC, datetime
from typing import NamedTuple

from service.duty.pattern import LOCAL, Pattern


class Season(NamedTuple):
    """A yearly period from the first to the last day (both included), and how patrols are in it."""

    code: str
    zh: str
    en: str
    first: tuple[int, int]  # month, day
    last: tuple[int, int]
    rrule: str
    begins: str
    minutes: int

    def pattern(self, year: int) -> Pattern:
        """The season that begins in a year."""
        ends_in = year + (self.last < self.first)
        start = datetime(year, *self.first, tzinfo=LOCAL)
        end = datetime(ends_in, *self.last, 23, 59, 59, tzinfo=LOCAL)
        return Pattern(start.astimezone(UTC), end.astimezone(UTC), self.rrule, self.begins, self.minutes)


SEASONS = {
    season.code: season
    for season in (
        Season("spring_move", "春季转场", "Herds move to spring pasture",
               (4, 10), (5, 15), "FREQ=WEEKLY;BYDAY=TU,FR", "09:00", 240),
        Season("caterpillar_fungus", "虫草采挖季", "Caterpillar fungus is dug",
               (5, 10), (7, 10), "FREQ=DAILY", "08:00", 480),
        Season("summer_move", "夏季转场", "Herds move to summer pasture",
               (6, 10), (7, 15), "FREQ=WEEKLY;BYDAY=TU,FR", "09:00", 240),
        Season("autumn_move", "秋季转场", "Herds move to autumn pasture",
               (9, 1), (10, 10), "FREQ=WEEKLY;BYDAY=TU,FR", "09:00", 240),
        Season("fire_season", "冬春防火期", "Dry winter and spring, when grass burns",
               (11, 1), (3, 31), "FREQ=DAILY", "14:00", 180),
        Season("winter_nights", "冬季夜巡", "Winter nights in town",
               (12, 1), (2, 28), "FREQ=DAILY", "22:00", 240),
    )
}  # fmt: skip
