"""Reads every file of every state as other programs do, and compares the texts with what was approved."""

import json
import pathlib
import re
import sys
from datetime import datetime

import feedparser
import html5lib
import jsonschema
from capparselib.parsers import CAPParser

CAP = "application/cap+xml"
folder, schema = pathlib.Path(sys.argv[1]), json.load(open(sys.argv[2]))
validator = jsonschema.Draft202012Validator(schema)
counts = dict(states=0, cap=0, texts=0, atom=0, entries=0, json=0, html=0, links=0)
wrong = []


def joined(parts):
    return " ".join(p for p in parts if p)


def cap(path, approved):
    counts["cap"] += 1
    raw = path.read_text()
    alerts = CAPParser(raw).as_dict()
    assert len(alerts) == 1, alerts
    alert = alerts[0]
    by_lang = {str(i["cap_language"])[:2]: i for i in alert["cap_info"]}
    assert set(by_lang) == set(approved), (set(by_lang), set(approved))
    for lang, text in approved.items():
        info = by_lang[lang]
        got = joined(str(info.get("cap_" + name) or "") for name in ("headline", "description", "instruction"))
        assert got == text, (got, text)
        counts["texts"] += 1
    kind = str(alert["cap_message_type"])
    references = re.search(r"<references>(.*?)</references>", raw)
    assert (kind == "Alert") == (references is None), kind
    assert not re.search(r"T\d\d:\d\d:\d\dZ", raw)
    for name in ("identifier", "sender"):
        assert not re.search(r"[ ,<&]", re.search(rf"<{name}>(.*?)</{name}>", raw).group(1))


def atom(path, approved):
    counts["atom"] += 1
    lang = path.name.split(".")[1]
    feed = feedparser.parse(str(path), sanitize_html=False)
    assert feed.bozo == 0 and feed.version == "atom10", feed.get("bozo_exception")
    assert feed.feed.id.startswith("tag:") and feed.feed.title and feed.feed.author
    datetime.fromisoformat(feed.feed.updated)
    assert len(feed.entries) == len(approved), (len(feed.entries), approved)
    for entry in feed.entries:
        counts["entries"] += 1
        number = re.search(r"/(\d+-\d+)/", entry.id).group(1)
        assert entry.content[0].value == approved[number].get(lang), entry
        assert datetime.fromisoformat(entry.updated) <= datetime.fromisoformat(feed.feed.updated)
        types = {l.type: l.href for l in entry.links if l.rel == "alternate"}
        for href in types.values():
            assert (path.parent / href).is_file(), href
        assert CAP in types
    assert len({e.id for e in feed.entries}) == len(feed.entries)


def state(path, approved):
    counts["json"] += 1
    said = json.loads(path.read_text())
    validator.validate(said)
    got = {m["number"]: {l: t["text"] for l, t in m["texts"].items()} for m in said["messages"]}
    assert got == approved, (got, approved)
    for message in said["messages"]:
        assert (path.parent / message["cap"]).is_file()


def page(path, root):
    counts["html"] += 1
    tree = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parse(path.read_text())
    assert tree.get("lang") and tree.find("head/title").text
    assert not tree.findall(".//script") and not tree.findall(".//meta[@http-equiv]")
    assert len(tree.findall(".//h1")) == 1
    for link in tree.iter():
        href = link.get("href")
        if href and ":" not in href:
            counts["links"] += 1
            assert (path.parent / href).is_file(), f"{path} leads to {href}"


for approved_file in sorted(folder.rglob("approved.json")):
    root = approved_file.parent
    counts["states"] += 1
    approved = json.loads(approved_file.read_text())
    for path in sorted(root.rglob("*")):
        try:
            if path.suffix == ".xml":
                cap(path, approved[path.stem])
            elif path.suffix == ".atom":
                atom(path, approved)
            elif path.name == "state.json":
                state(path, approved)
            elif path.suffix == ".html":
                page(path, root)
        except Exception as error:  # each file is judged, then all are said
            wrong.append(f"{path}: {type(error).__name__}: {error}")

for line in wrong[:10]:
    print(line[:800])
print("ok feeds:" if not wrong else f"{len(wrong)} files are wrong;", ", ".join(f"{n} {k}" for k, n in counts.items()))
sys.exit(1 if wrong or counts["states"] < 60 else 0)
