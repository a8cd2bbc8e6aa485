"""Writes the mails of flufl.bounce's own tests into a folder, each with the number of a mail of ours in it, and what flufl.bounce says
of each: `collect.py DATA OUT TOKEN MESSAGE_ID`.

The collection was made by others, so no mail in it is about one of ours. What is put in, the first that goes:

  quoted    the Message-ID of the mail that came back, wherever the report quotes it (its headers or those of the returned copy,
            In-Reply-To, References, Original-Message-ID), is replaced by ours; so is an Original-Envelope-Id
  restored  where the collection has "Message removed" or kept no copy at all, the headers of a mail of ours stand in its place: as a
            part where the report is made of parts, below the text where it is one text

Nothing else is changed. expected.tsv has: name, machine|words, permanent|temporary|none, quoted|restored.
"""

import email
import re
import sys
from pathlib import Path

from flufl.bounce import all_failures
from flufl.bounce._detectors.dsn import DSN

data, out, token, message_id = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3].encode(), sys.argv[4].encode()
COPY = (
    b"Return-Path: <larm@region.example>\nReceived: from region.example by mx.example; Sun, 22 Nov 2026 03:12:00 +0100\n"
    b"From: larm@region.example\nTo: iva@fs.example\nMessage-ID: <" + message_id + b">\nSubject: 14-1 7K4F2A LARM\n"
)


def with_our_number(raw: bytes) -> tuple[bytes, str]:
    raw = raw.replace(b"\r\n", b"\n")
    head, _, body = raw.partition(b"\n\n")
    ours = b"<" + message_id + b">"
    head, in_head = re.subn(rb"(?im)^((?:in-reply-to|references):)[^\n]*(?:\n[ \t][^\n]*)*", rb"\1 " + ours, head)
    body, in_body = re.subn(rb"(?im)^([ >|\t]*(?:original-)?message-id:)[^\n]*(?:\n[ \t]+<[^\n]*)?", rb"\1 " + ours, body)
    body, in_status = re.subn(rb"(?im)^(original-envelope-id:)[^\n]*", rb"\1 " + token, body)
    if in_head or in_body or in_status:
        return head + b"\n\n" + body, "quoted"
    if b"Message removed" in body:
        return head + b"\n\n" + body.replace(b"Message removed", COPY, 1), "restored"
    boundary = email.message_from_bytes(raw).get_boundary()
    if boundary and email.message_from_bytes(raw).is_multipart():
        end = b"\n--" + boundary.encode() + b"--"
        part = b"\n--" + boundary.encode() + b"\nContent-Type: message/rfc822\n\n" + COPY
        body = body.replace(end, part + end, 1) if end in body else body + part + end + b"\n"
        return head + b"\n\n" + body, "restored"
    if re.search(rb"(?im)^content-transfer-encoding:\s*base64", head):
        return head + b"\nIn-Reply-To: " + ours + b"\n\n" + body, "restored"
    return head + b"\n\n" + body + b"\n\n   ----- Message header follows -----\n\n" + COPY, "restored"


out.mkdir(parents=True)
with open(out / "expected.tsv", "w") as expected:
    for path in sorted(data.glob("*.txt")):
        raw = path.read_bytes()
        mail = email.message_from_bytes(raw)
        temporary, permanent = all_failures(mail)
        kind = "machine" if any(DSN().process(mail)) else "words"
        verdict = "permanent" if permanent else "temporary" if temporary else "none"
        changed, how = with_our_number(raw)
        (out / f"{path.stem}.eml").write_bytes(changed)
        (out / f"{path.stem}.raw").write_bytes(raw)
        print(path.stem, kind, verdict, how, sep="\t", file=expected)
