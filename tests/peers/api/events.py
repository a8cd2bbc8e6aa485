"""What was heard in two streams, one after the other, is what the log has: each record once, in order.

events.py URL TOKEN-FILE STREAM STREAM
"""

import json
import sys
import urllib.request

base, token_file, first, second = sys.argv[1:5]
token = open(token_file, encoding="utf-8").read().strip()


def heard(path):
    """The events without a name of a stream, as they were told."""
    whole = open(path, encoding="utf-8").read()
    all_of_it = []
    for event in whole.split("\n\n")[:-1]:
        fields = dict(line.split(": ", 1) for line in event.split("\n") if ": " in line)
        if "event" not in fields and "data" in fields:
            told = json.loads(fields["data"])
            if int(fields["id"]) != told["seq"]:
                sys.exit(f"the ID is not the number: {event}")
            all_of_it.append((told["seq"], told["kind"], told["incident"], told["at"]))
    return all_of_it


log, after = [], 0
while True:
    request = urllib.request.Request(f"{base}/api/v1/log?after={after}", headers={"Authorization": f"Bearer {token}"})
    with urllib.request.urlopen(request, timeout=20) as answer:
        part = json.load(answer)
    log += [(r["seq"], r["event"], r["incident"], r["at"]) for r in part["records"]]
    after = part["after"]
    if not part["more"]:
        break
before, later = heard(first), heard(second)
if not before or not later:
    sys.exit(f"nothing was heard: {len(before)} and {len(later)} events")
told = before + later
if told != log[: len(told)]:
    wrong = next((i, a, b) for i, (a, b) in enumerate(zip(told, log)) if a != b)
    sys.exit(f"what was heard is not what the log has: {wrong}")
if not any(kind == "opened" for _, kind, _, _ in later):
    sys.exit("the second incident was not heard")
print(f"ok api: {len(told)} events in two streams are the log's first {len(told)}, each once")
