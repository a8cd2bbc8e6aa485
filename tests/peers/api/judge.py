"""Each answer of a server with a drill and then a real incident, judged by the description that it gives of itself; makes the tokens for what follows.

judge.py URL TOKEN-FILE FOLDER
"""

import json
import sys
import urllib.error
import urllib.parse
import urllib.request

from jsonschema import Draft202012Validator, FormatChecker

base, token_file, folder = sys.argv[1:4]
token = open(token_file, encoding="utf-8").read().strip()
described = json.load(open(f"{folder}/openapi.json", encoding="utf-8"))
Draft202012Validator.check_schema({"$defs": described["components"]["schemas"]})
judged = 0


def judge(what, schema, value):
    """Holds a value to a schema of the description."""
    global judged
    whole = {**schema, "components": described["components"]}
    for error in Draft202012Validator(whole, format_checker=FormatChecker()).iter_errors(value):
        sys.exit(f"{what}: {error.json_path}: {error.message[:300]}")
    judged += 1


def resolved(answer):
    """A response, wherever it stands."""
    if "$ref" in answer:
        return described["components"]["responses"][answer["$ref"].rsplit("/", 1)[1]]
    return answer


def call(method, path, body=None, query=None, fill=None, wanted=200):
    """Calls an operation; its request and its answer are judged."""
    operation = described["paths"][path][method.lower()]
    url = base + "/api/v1" + path.format(**(fill or {}))
    if query:
        url += "?" + urllib.parse.urlencode(query)
    data = None
    headers = {"Authorization": f"Bearer {token}"}
    if body is not None:
        judge(f"{method} {path}, what was sent", operation["requestBody"]["content"]["application/json"]["schema"], body)
        data = json.dumps(body).encode()
        headers["Content-Type"] = "application/json"
    elif method == "POST":
        data = b""
    request = urllib.request.Request(url, data=data, headers=headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            status, kind, text = answer.status, answer.headers["Content-Type"], answer.read()
    except urllib.error.HTTPError as refused:
        status, kind, text = refused.code, refused.headers["Content-Type"], refused.read()
    if status not in (wanted if isinstance(wanted, tuple) else (wanted,)):
        sys.exit(f"{method} {path}: {status} and not {wanted}: {text[:300]}")
    answer = resolved(operation["responses"][str(status)])
    judge(f"{method} {path} {status}", answer["content"][kind]["schema"], json.loads(text))
    return json.loads(text)


def act(action, duty="it-bered", wanted=200):
    return call("POST", "/commands", {"as": duty, "action": action}, wanted=wanted)


# What somebody does, so that the answers have something in them.
report = {"playbook": "ehr-down", "level": "major", "sites": ["FS"], "safety": "no"}
call("POST", "/dry-runs", {"as": "it-bered", "report": {**report, "exercise": True}})
drill = act({"report": {**report, "exercise": True, "what": {"sv": "Övning", "en": "Drill"}}})
act({"update": {"incident": drill["incident"], "news": {"known": {"sv": "Mer", "en": "More"}}}})
whole = call("GET", "/incidents/{no}", fill={"no": drill["incident"].replace("Ö", "X")})
for row in whole["rows"][:3]:
    # Whether it is asked by now depends on what was sent to it.
    ack = {"incident": drill["incident"], "message": None, "function": row["function"], "phone": True, "at": None}
    act({"ack": ack}, duty=row["function"], wanted=(200, 409))
act({"report": {"playbook": "no-such-playbook"}}, wanted=404)
# A real one breaks the drill off, and lets none begin.
call("POST", "/dry-runs", {"as": "it-bered", "report": report})
act({"report": report})
act({"report": {**report, "playbook": "pacs", "exercise": True}}, wanted=409)

incidents = [i["no"] for i in call("GET", "/incidents")]
if len(incidents) < 2:
    sys.exit(f"there are a drill and an incident, and it tells of {incidents}")
gateways = [g["id"] for g in call("GET", "/gateways")]
duties = [f["id"] for f in call("GET", "/functions")]
safe = {"ö": "X", "Ö": "X"}
for path, methods in described["paths"].items():
    if "get" not in methods or "text/event-stream" in methods["get"]["responses"]["200"]["content"]:
        continue
    asks_as = any(p["name"] == "as" for p in methods["get"].get("parameters", []))
    for number in incidents if "{no}" in path else [""]:
        for duty in duties if asks_as else [""]:
            number = "".join(safe.get(c, c) for c in number)
            call("GET", path, query={"as": duty} if asks_as else None, fill={"no": number, "seq": 1, "id": gateways[0]})
call("GET", "/incidents/{no}", fill={"no": "999"}, wanted=404)
call("GET", "/todo", query={"as": "nobody"}, wanted=404)
for gateway in gateways:
    call("POST", "/gateways/{id}/probe", fill={"id": gateway})

rights = ["read", "answer", "report", "approve", "decide", "all-clear", "administer"]
for name, wanted in (("narrow", ["read"]), ("all", rights)):
    expires = {"rights": wanted, "functions": ["*"], "expires": "2027-06-01T00:00:00Z"}
    made = call("POST", "/access", {"token-add": expires})
    with open(f"{folder}/token.{name}", "w", encoding="utf-8") as file:
        file.write(made["token"])
print(f"ok api: {judged} requests and answers are as they are described")
