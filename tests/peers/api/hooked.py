"""What a webhook took is what the log has of what people are told: in order, and all of it, when repetitions are taken out by their IDs.

hooked.py URL TOKEN-FILE HOOK-LINES
"""

import json
import sys
import time
import urllib.request

base, token_file, lines = sys.argv[1:4]
token = open(token_file, encoding="utf-8").read().strip()
# Far longer than the calls that are made again take.
WITHIN_S = 120


def log():
    """The log, as far as it is now."""
    records, after = [], 0
    while True:
        request = urllib.request.Request(f"{base}/api/v1/log?after={after}", headers={"Authorization": f"Bearer {token}"})
        with urllib.request.urlopen(request, timeout=20) as answer:
            part = json.load(answer)
        records += [(r["seq"], r["event"], r["incident"], r["at"]) for r in part["records"]]
        after = part["after"]
        if not part["more"]:
            return records


end = time.monotonic() + WITHIN_S
while True:
    took = [json.loads(line) for line in open(lines, encoding="utf-8")]
    wrong = [call["wrong"] for call in took if "wrong" in call]
    if wrong:
        sys.exit(f"a call is signed wrongly: {wrong[0]}")
    once = list({call["id"]: call for call in took}.values())
    if not once or once[0]["type"] != "begin":
        sys.exit(f"the first call is {once[:1]}")
    events = [call["data"] for call in once[1:]]
    told = [(e["seq"], e["kind"], e["incident"], e["at"]) for e in events]
    kinds = {kind for _, kind, _, _ in told}
    wanted = [r for r in log() if r[0] > once[0]["data"]["after"] and r[1] in kinds]
    if told == wanted and {"opened", "mode", "released"} <= kinds and sum(kind == "opened" for _, kind, _, _ in told) >= 3:
        break
    if time.monotonic() > end:
        odd = next(((a, b) for a, b in zip(told, wanted) if a != b), (len(told), len(wanted)))
        sys.exit(f"what it took is not what the log has: {odd}")
    time.sleep(0.5)
if any(e["exercise"] != (e["incident"] or "").startswith("\u00d6") for e in events):
    sys.exit("a drill does not say that it is one")
if not any(e["exercise"] for e in events):
    sys.exit("no drill was told")
print(f"ok api: a webhook took {len(took)} calls, {len(took) - len(once)} of them repeated, all signed; they are the log's, in order")
