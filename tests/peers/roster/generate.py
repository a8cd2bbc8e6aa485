"""Writes calendars as people and programs might: `generate.py FOLDER COUNT SEED`. Files that begin with `bad-` can't be understood
and must be refused; all others are calendars that a program may export."""

import datetime as dt
import random
import sys
import warnings
from pathlib import Path
from zoneinfo import ZoneInfo

import icalendar
import recurring_ical_events
from dateutil.rrule import rrulestr

warnings.filterwarnings("ignore")

EU_RULES = """BEGIN:VTIMEZONE
TZID:{name}
BEGIN:STANDARD
DTSTART:20191027T030000
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=10
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:20200329T020000
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=3
END:DAYLIGHT
END:VTIMEZONE
"""
# As they stand behind TZID=, the zone that is meant, whether the file must bring its rules.
ZONES = [
    ("Europe/Stockholm", "Europe/Stockholm", False),
    ("Europe/Stockholm", "Europe/Stockholm", False),
    ("America/New_York", "America/New_York", False),
    ("W. Europe Standard Time", "Europe/Berlin", False),
    ("W. Europe Standard Time", "Europe/Berlin", True),
    ("Customized Time Zone", "Europe/Berlin", True),
    ('"(UTC+01:00) Amsterdam, Berlin, Bern"', "Europe/Berlin", True),
    ("/freeassociation.sourceforge.net/Europe/Helsinki", "Europe/Helsinki", False),
    (None, None, False),
    ("UTC", "UTC", False),
]
RULES = [
    "FREQ=DAILY",
    "FREQ=DAILY;INTERVAL=2",
    "FREQ=DAILY;INTERVAL=3",
    "FREQ=DAILY;BYMONTH=3,10",
    "FREQ=DAILY;BYDAY=MO,TU,WE,TH,FR",
    "FREQ=WEEKLY",
    "FREQ=WEEKLY;INTERVAL=2",
    "FREQ=WEEKLY;INTERVAL=2;WKST=SU;BYDAY=SU,TU",
    "FREQ=WEEKLY;INTERVAL=3;BYDAY=MO,FR;WKST=MO",
    "FREQ=WEEKLY;BYDAY=MO,WE,FR",
    "FREQ=WEEKLY;BYDAY=SA,SU;BYMONTH=10,11",
    "FREQ=WEEKLY;INTERVAL=4",
    "FREQ=MONTHLY",
    "FREQ=MONTHLY;BYDAY=1MO",
    "FREQ=MONTHLY;BYDAY=-1SU",
    "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1",
    "FREQ=MONTHLY;BYDAY=SA,SU;BYSETPOS=1,3",
    "FREQ=MONTHLY;BYMONTHDAY=1,15,-1",
    "FREQ=MONTHLY;BYMONTHDAY=31",
    "FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13",
    "FREQ=MONTHLY;INTERVAL=2;BYDAY=2TU,4TU",
    "FREQ=YEARLY",
    "FREQ=YEARLY;BYMONTH=3,10;BYDAY=-1SU",
    "FREQ=YEARLY;BYDAY=20MO,-1FR",
    "FREQ=YEARLY;BYWEEKNO=1,20,53;BYDAY=MO",
    "FREQ=YEARLY;BYWEEKNO=-1,7,40;BYDAY=WE,SU;WKST=SU",
    "FREQ=YEARLY;BYYEARDAY=1,100,-1",
    "FREQ=YEARLY;BYMONTHDAY=29",
    "FREQ=YEARLY;BYMONTH=1,6;BYDAY=MO;BYSETPOS=1,-1",
    "FREQ=YEARLY;INTERVAL=2;BYMONTH=11;BYMONTHDAY=3,30",
]
TIMED_RULES = [
    "FREQ=HOURLY;INTERVAL=12",
    "FREQ=HOURLY;INTERVAL=8;BYDAY=SA,SU",
    "FREQ=HOURLY;INTERVAL=24",
    "FREQ=DAILY;BYHOUR=0,8,16",
    "FREQ=WEEKLY;BYDAY=MO,TH;BYHOUR=7,19;BYMINUTE=30",
    "FREQ=MONTHLY;BYDAY=1SU,3SU;BYHOUR=2",
]
HOURS = [(0, 0), (0, 30), (2, 0), (2, 30), (3, 0), (6, 0), (7, 0), (8, 0), (8, 0), (12, 0), (16, 0), (20, 0), (22, 0), (23, 30)]
# Nights on which clocks change, in Europe and in America.
CHANGES = [dt.date(2026, 3, 29), dt.date(2026, 10, 25), dt.date(2026, 3, 8), dt.date(2026, 11, 1), dt.date(2025, 10, 26)]
NAMES = ["phone-a", "phone-b", "phone-a\\, phone-b", "Phone-C", "bakjour"]
UTC = dt.timezone.utc


class Unit:
    """A series, or a single event, with what goes with it."""

    def __init__(self, rnd, number):
        self.rnd, self.uid = rnd, f"{number}-{rnd.randrange(10**9)}@example"
        self.whole_day = rnd.random() < 0.2
        self.tzid, zone, self.rules_in_file = rnd.choice(ZONES)
        self.zone = ZoneInfo(zone) if zone else None
        self.utc = self.tzid == "UTC" and rnd.random() < 0.8
        if self.whole_day:
            self.rules_in_file = False
        day = rnd.choice(CHANGES) + dt.timedelta(rnd.randrange(-9, 4)) if rnd.random() < 0.6 else dt.date(2025, 9, 1) + dt.timedelta(rnd.randrange(400))
        self.start = dt.datetime.combine(day, dt.time(*rnd.choice(HOURS)))
        self.recurs = rnd.random() < 0.85
        self.sequence = rnd.choice([None, 0, 1, 3])
        self.rule = rnd.choice(RULES if self.whole_day or rnd.random() < 0.8 else TIMED_RULES)
        if self.recurs and rnd.random() < 0.93:
            # As programs write it: the event begins at the rule's first time.
            self.start = next(iter(rrulestr(self.rule, dtstart=self.start)))

    # How times are written.
    def stamp(self, name, wall, how="own", params=""):
        if how == "date" or (how == "own" and self.whole_day):
            return f"{name};VALUE=DATE{params}:{wall:%Y%m%d}"
        zone = self.zone or ZoneInfo("Europe/Stockholm")
        if how == "utc" or (how == "own" and self.utc):
            return f"{name}{params}:{wall.replace(tzinfo=zone).astimezone(UTC):%Y%m%dT%H%M%SZ}"
        if how == "other":
            # A quarter of an hour off: the judge takes a wall of one zone for one of another when they show the same.
            there = wall.replace(tzinfo=zone).astimezone(UTC).astimezone(ZoneInfo("Asia/Kathmandu"))
            return f"{name};TZID=Asia/Kathmandu{params}:{there:%Y%m%dT%H%M%S}"
        if how == "floating" or self.tzid is None:
            return f"{name}{params}:{wall:%Y%m%dT%H%M%S}"
        return f"{name};TZID={self.tzid}{params}:{wall:%Y%m%dT%H%M%S}"

    def length(self, start):
        if self.whole_day:
            days = self.rnd.choice([1, 1, 2, 7])
            return self.rnd.choice(
                [[self.stamp("DTEND", start + dt.timedelta(days))], [f"DURATION:P{days}D"]] + ([[]] if days == 1 else [])
            )
        if self.rnd.random() < 0.3:
            return [f"DURATION:{self.rnd.choice(['PT8H', 'PT12H', 'PT24H', 'P1D', 'P1W', 'P1DT2H', 'PT30M'])}"]
        return [self.stamp("DTEND", start + dt.timedelta(hours=self.rnd.choice([1, 8, 8, 12, 24, 24, 48, 168])))]

    def ended(self, rule):
        rnd = self.rnd
        end = rnd.random()
        late = self.start + dt.timedelta(rnd.randrange(5, 200))
        if end < 0.3:
            rule += f";COUNT={rnd.randrange(1, 30)}"
        elif end < 0.45 and self.whole_day:
            rule += f";UNTIL={late:%Y%m%d}"
        elif end < 0.65 and not self.whole_day:
            zone = self.zone or ZoneInfo("Europe/Stockholm")
            rule += f";UNTIL={late.replace(tzinfo=zone).astimezone(UTC):%Y%m%dT%H%M%SZ}"
        elif end < 0.70:
            rule += f";UNTIL={late:%Y%m%d}"
        elif end < 0.75 and not self.whole_day:
            rule += f";UNTIL={late:%Y%m%dT%H%M%S}"
        return rule

    def lines(self):
        rnd = self.rnd
        head = ["BEGIN:VEVENT", f"UID:{self.uid}", "DTSTAMP:20260901T120000Z"]
        core = head + [self.stamp("DTSTART", self.start)] + self.length(self.start) + [f"SUMMARY:{rnd.choice(NAMES)}"]
        if self.sequence is not None:
            core.append(f"SEQUENCE:{self.sequence}")
        if rnd.random() < 0.05:
            core.append("STATUS:CANCELLED")
        elif rnd.random() < 0.3:
            core.append(rnd.choice(["STATUS:CONFIRMED", "STATUS:TENTATIVE", "TRANSP:OPAQUE"]))
        if rnd.random() < 0.2:
            core += ["DESCRIPTION:Jour vecka\\, se\\nlistan; tel 0980-319 240", "X-MICROSOFT-CDO-BUSYSTATUS:BUSY"]
        if rnd.random() < 0.2:
            core += ["BEGIN:VALARM", "ACTION:DISPLAY", "TRIGGER:-PT15M", "DURATION:PT5M", "REPEAT:2", "END:VALARM"]
        extra = []
        if self.recurs:
            core.append("RRULE:" + self.ended(self.rule))
            if rnd.random() < 0.1:
                core.append("RRULE:" + rnd.choice(RULES))
            if rnd.random() < 0.25:
                core.append(self.rdate())
            walls = self.walls(core + ["END:VEVENT"])
            chosen = [] if rnd.random() < 0.5 else self.pick(walls, rnd.randrange(1, 4))
            core += self.exdates(chosen)
            moved = walls if rnd.random() < 0.03 else [w for w in walls if w.date() not in {c.date() for c in chosen}]
            extra = [] if "STATUS:CANCELLED" in core and rnd.random() < 0.8 else self.overrides(head, moved)
        if self.sequence and rnd.random() < 0.3:
            old = head + [self.stamp("DTSTART", self.start + dt.timedelta(hours=3))] + self.length(self.start + dt.timedelta(hours=3))
            extra.insert(0, old + ["SUMMARY:phone-c", f"SEQUENCE:{self.sequence - 1}", "END:VEVENT"])
        events = [core + ["END:VEVENT"]] + extra
        rnd.shuffle(events)
        return [line for event in events for line in event]

    def rdate(self):
        wall = self.start + dt.timedelta(self.rnd.randrange(1, 40), minutes=0 if self.whole_day else self.rnd.choice([0, 435]))
        plain = self.stamp("RDATE", wall)
        if self.whole_day or self.rnd.random() < 0.5:
            return plain + "," + self.stamp("RDATE", wall + dt.timedelta(9)).rpartition(":")[2] if self.rnd.random() < 0.3 else plain
        before, _, value = plain.rpartition(":")
        name, _, params = before.partition(";")
        end = self.rnd.choice(["PT6H", "PT90M", self.stamp("X", wall + dt.timedelta(hours=10)).rpartition(":")[2]])
        return f"{name};VALUE=PERIOD{';' + params if params else ''}:{value}/{end}"

    def walls(self, core):
        """When the series begins, on its own clock: as the judge sees it."""
        icalendar.use_zoneinfo()
        zone = [EU_RULES.format(name=self.tzid.strip('"')).strip()] if self.rules_in_file else []
        text = "\r\n".join(["BEGIN:VCALENDAR", "\r\n".join(zone).replace("\n", "\r\n")][: 1 + bool(zone)] + core + ["END:VCALENDAR"])
        try:
            found = recurring_ical_events.of(icalendar.Calendar.from_ical(text + "\r\n")).between(self.start.date() - dt.timedelta(2), self.start.date() + dt.timedelta(90))
        except Exception:
            return []
        walls = []
        for event in found:
            start = event["DTSTART"].dt
            if not isinstance(start, dt.datetime):
                start = dt.datetime.combine(start, dt.time())
            elif self.utc and self.zone:
                start = start.astimezone(self.zone)
            walls.append(start.replace(tzinfo=None))
        return sorted(set(walls))

    def pick(self, walls, count):
        near = [w for w in walls if any(abs((w.date() - c).days) < 3 for c in CHANGES)]
        pool = near if near and self.rnd.random() < 0.5 else walls[:60]
        return self.rnd.sample(pool, min(count, len(pool)))

    def how(self):
        return self.rnd.choices(["own", "utc", "floating", "other"], [70, 15, 8, 7])[0] if not self.whole_day else "own"

    def exdates(self, chosen):
        rnd, lines = self.rnd, []
        if rnd.random() < 0.3 and len(chosen) > 1:
            first, *rest = [self.stamp("EXDATE", w) for w in chosen]
            return [first + "".join("," + s.rpartition(":")[2] for s in rest)]
        for wall in chosen:
            lines.append(self.stamp("EXDATE", wall, "date" if rnd.random() < 0.25 else self.how()))
        return lines

    def overrides(self, head, walls):
        rnd, events = self.rnd, []
        if not walls or rnd.random() < 0.4:
            return events
        for wall in self.pick(walls, rnd.randrange(1, 4)):
            following = rnd.random() < 0.15
            how = "own" if following else self.how()
            params = ";RANGE=THISANDFUTURE" if following else ""
            by = dt.timedelta(rnd.choice([0, 0, 0, 1, -1])) if self.whole_day else dt.timedelta(hours=rnd.choice([0, 0, 2, -3, 12, 26]))
            event = head + [self.stamp("RECURRENCE-ID", wall, how, params), self.stamp("DTSTART", wall + by)] + self.length(wall + by)
            event.append(f"SUMMARY:{rnd.choice(NAMES)}")
            if rnd.random() < 0.25:
                event.append("STATUS:CANCELLED")
            version = rnd.choice([None, 0, 2, 5])
            if version is not None:
                event.append(f"SEQUENCE:{version}")
            if version and rnd.random() < 0.3:
                older = [line for line in event if not line.startswith(("SUMMARY", "SEQUENCE", "STATUS"))]
                events.append(older + ["SUMMARY:bakjour", f"SEQUENCE:{version - 1}", "END:VEVENT"])
            events.append(event + ["END:VEVENT"])
        return events


def folded(rnd, lines, width):
    for line in lines:
        while len(line) > width:
            yield line[:width]
            line = " " + line[width:]
        yield line


def calendar(rnd):
    texts = []
    for c in range(2 if rnd.random() < 0.1 else 1):
        units = [Unit(rnd, f"{c}{i}") for i in range(rnd.choice([1, 1, 1, 2, 3]))]
        lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//example//roster//SV", "CALSCALE:GREGORIAN", "METHOD:PUBLISH"]
        for name in sorted({u.tzid for u in units if u.rules_in_file}):
            lines += EU_RULES.format(name=name.strip('"')).strip().split("\n")
        if rnd.random() < 0.1:
            lines += ["BEGIN:VTODO", "UID:todo", "DTSTART:20260901T080000Z", "SUMMARY:lista", "END:VTODO"]
        for unit in units:
            lines += unit.lines()
        lines.append("END:VCALENDAR")
        texts += folded(rnd, lines, rnd.choice([75, 75, 40, 23]))
    ends = rnd.choice(["\r\n", "\r\n", "\n"])
    return rnd.choice(["", "", "", "\ufeff"]) + ends.join(texts) + ends


BAD = [
    ("RRULE:FREQ=DAYLY",),
    ("RRULE:FREQ=DAILY;UNTL=20261231T000000Z",),
    ("RRULE:FREQ=YEARLY;BYEASTER=0",),
    ("RRULE:FREQ=SECONDLY;COUNT=999999999",),
    ("RRULE:FREQ=MINUTELY",),
    ("RRULE:FREQ=DAILY;COUNT=5;UNTIL=20261231T000000Z",),
    ("RRULE:FREQ=WEEKLY;BYDAY=XX",),
    ("RRULE:FREQ=WEEKLY;BYDAY=2MO",),
    ("RRULE:FREQ=DAILY;INTERVAL=0",),
    ("RRULE:FREQ=DAILY;COUNT=-3",),
    ("RRULE:INTERVAL=2",),
    ("RULE:FREQ=DAILY",),
    ("EXDATES:20261006T080000",),
    ("EXDATE:20261306T080000", "RRULE:FREQ=DAILY"),
    ("EXDATE:20261006T090000", "RRULE:FREQ=DAILY"),
    ("RDATE:igår",),
    ("EXRULE:FREQ=WEEKLY", "RRULE:FREQ=DAILY"),
    ("RRULE:FREQ=DAILY;RSCALE=GREGORIAN;SKIP=OMIT",),
    ("RRULE:FREQ=DAILY;BYHOUR=" + ",".join(map(str, range(24))) + ";BYMINUTE=" + ",".join(map(str, range(60))),),
    ("RECURRENCE-ID;RANGE=THISANDPRIOR:20261005T080000",),
]


def bad(rnd):
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "BEGIN:VEVENT", "UID:1", "DTSTART:20261005T080000", "DTEND:20261005T160000", "SUMMARY:phone-a"]
    how = rnd.randrange(6)
    if how == 0:
        lines[4:6] = ["DTSTART;TZID=Nowhere/Town:20261005T080000", "DTEND;TZID=Nowhere/Town:20261005T160000"]
    elif how == 1:
        del lines[5]
    else:
        lines += rnd.choice(BAD)
    return "\r\n".join(lines + ["END:VEVENT", "END:VCALENDAR", ""])


def main():
    folder, count, seed = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    folder.mkdir(parents=True, exist_ok=True)
    for i in range(count):
        rnd = random.Random(seed * 100_000 + i)
        name, text = (f"bad-{i:04}", bad(rnd)) if i % 10 == 9 else (f"made-{i:04}", calendar(rnd))
        (folder / f"{name}.ics").write_bytes(text.encode())


main()
