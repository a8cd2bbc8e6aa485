"""Reads every calendar of a folder with PyPI's `icalendar` and `recurring-ical-events`, and compares with what we read
(`ours.json`): `judge.py FOLDER REFUSED_PERCENT_MAX`. Each must be equal, or refused by us with a reason; one that begins with
`bad-` must be refused.

Where the two packages leave RFC 5545, or a choice to whoever calls them, that is put right here, and only here:
times without a zone and whole days are those of the region; what is cancelled is left out, and so is what the changing of the clocks leaves
nothing of; hours of a DURATION are exact (PT24H), its days are not (P1D); a time that a zone's own rules (VTIMEZONE) leave out
is read by the offset before (section 3.3.5); a single event whose start and end are in different zones ends when it says."""

import collections
import datetime as dt
import json
import re
import sys
import warnings
from pathlib import Path
from zoneinfo import ZoneInfo

import icalendar
import recurring_ical_events
from dateutil.tz.tz import _tzicalvtz
from recurring_ical_events.adapters.component import ComponentAdapter
from recurring_ical_events.adapters.event import EventAdapter

warnings.filterwarnings("ignore")
UTC = dt.timezone.utc
REGION = ZoneInfo("Europe/Stockholm")
FROM, TO = dt.datetime(2025, 9, 1, tzinfo=UTC), dt.datetime(2026, 12, 1, tzinfo=UTC)


def moment(value):
    """Seconds since 1970."""
    if not isinstance(value, dt.datetime):
        value = dt.datetime.combine(value, dt.time())
    if value.tzinfo is None:
        value = value.replace(tzinfo=REGION)
    if isinstance(value.tzinfo, _tzicalvtz):
        wall = value.replace(tzinfo=None)
        if value.astimezone(UTC).astimezone(value.tzinfo).replace(tzinfo=None) != wall:
            return int((wall - (value - dt.timedelta(hours=6)).utcoffset()).replace(tzinfo=UTC).timestamp())
    return int(value.timestamp())


def exact(start, days, seconds):
    return moment(start + dt.timedelta(days)) + seconds


def period(value):
    """RDATE with an exact length: with the end that it comes to."""
    if not isinstance(value, tuple) or not isinstance(value[1], dt.timedelta):
        return value
    start, length = value
    end = dt.datetime.fromtimestamp(exact(start, length.days, length.seconds), UTC)
    zone = start.tzinfo or REGION
    wall = end.astimezone(zone)
    return start, wall if start.tzinfo else wall.replace(tzinfo=None)


all_rdates = ComponentAdapter.rdates.fget
EventAdapter.rdates = property(lambda self: [period(value) for value in all_rdates(self)])


def length(text):
    found = re.fullmatch(r"\+?P(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?", text)
    weeks, days, hours, minutes, seconds = (int(n or 0) for n in found.groups())
    return weeks * 7 + days, hours * 3600 + minutes * 60 + seconds


def read(text):
    """From, to, who."""
    icalendar.use_zoneinfo()
    text = re.sub(r"\r?\n[ \t]", "", text.removeprefix("\ufeff"))
    # `icalendar` knows PT24H and P1D as the same.
    text = re.sub(r"(?m)^DURATION:(\S+)", r"X-LENGTH:\1\r\nDURATION:\1", text)
    times = []
    for calendar in icalendar.Calendar.from_ical(text, multiple=True):
        for event in calendar.walk("VEVENT"):
            event["X-SINGLE"] = "" if {"RRULE", "RDATE", "DURATION"} & set(event) else str(moment(event["DTEND"].dt)) if "DTEND" in event else ""
            event["X-START"] = str(moment(event["DTSTART"].dt)) if "DTSTART" in event else ""
        for event in recurring_ical_events.of(calendar).between((2025, 8, 25), (2026, 12, 8)):
            if str(event.get("STATUS", "")).upper() == "CANCELLED":
                continue
            start, end = event["DTSTART"].dt, event["DTEND"].dt
            since, until = moment(start), moment(end)
            if event["X-SINGLE"] and int(event["X-START"]) == since:
                until = int(event["X-SINGLE"]) if "RANGE" not in getattr(event.get("RECURRENCE-ID"), "params", {}) else until
            elif "X-LENGTH" in event:
                days, seconds = length(str(event["X-LENGTH"]))
                wall = lambda t: t if isinstance(t, dt.datetime) else dt.datetime.combine(t, dt.time())
                if wall(end) - wall(start) == dt.timedelta(days, seconds):
                    until = exact(start, days, seconds)
            names = [n.strip().lower() for n in str(event.get("SUMMARY", "")).replace("\n", " ").split(",")]
            if since < until and FROM.timestamp() <= since < TO.timestamp():
                times.append((since, until, ",".join(names)))
    return sorted(times)


def local(second):
    return dt.datetime.fromtimestamp(second, REGION).strftime("%a %Y-%m-%d %H:%M")


def told(times):
    return "\n".join(f"      {local(a)} to {local(b)} {who}" for a, b, who in times[:6])


def main():
    folder, refused_max = Path(sys.argv[1]), float(sys.argv[2])
    ours = json.loads((folder / "ours.json").read_text())
    equal, refused, reasons, different, times_equal = [], [], collections.Counter(), [], 0
    for file in sorted(folder.glob("*.ics")):
        mine = ours[file.name]
        if "refused" in mine:
            refused.append(file.name)
            reasons[re.sub(r'\d+|"[^"]*"', "…", mine["refused"][0].split(": ", 1)[1])] += 1
            if not all(re.match(r"\d+: \S", why) for why in mine["refused"]):
                different.append((file.name, f"    refused without a reason: {mine['refused']}"))
            continue
        if file.name.startswith("bad-"):
            different.append((file.name, "    can't be understood, and was not refused"))
            continue
        mine = sorted((a, b, who) for a, b, who in mine["times"] if FROM.timestamp() <= a < TO.timestamp())
        try:
            theirs = read(file.read_bytes().decode())
        except Exception as error:
            different.append((file.name, f"    the judge can't read it ({type(error).__name__}: {error}), and we do"))
            continue
        if mine == theirs:
            equal.append(file.name)
            times_equal += len(mine)
        else:
            only_mine, only_theirs = (collections.Counter(a) - collections.Counter(b) for a, b in ((mine, theirs), (theirs, mine)))
            different.append((file.name, f"    only we:\n{told(sorted(only_mine))}\n    only the judge:\n{told(sorted(only_theirs))}"))
    good = [name for name in equal + refused + [name for name, _ in different] if not name.startswith("bad-")]
    refused_good = [name for name in refused if not name.startswith("bad-")]
    share = 100 * len(refused_good) / max(1, len(good))
    print(f"{folder.name}: {len(good)} calendars: {len(equal)} equal ({times_equal} times), {len(refused_good)} refused ({share:.1f} %), {len(different)} different; {len(refused) - len(refused_good)} bad ones refused")
    for reason, count in reasons.most_common():
        print(f"  {count:4} {reason}")
    for name, how in different:
        print(f"  DIFFERENT {name}\n{how}")
    if different or share > refused_max or not equal:
        sys.exit(f"{folder.name}: {len(different)} different, {share:.1f} % refused (at most {refused_max} %)")


main()
