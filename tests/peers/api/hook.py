"""A program that is told what happens: PyPI's `standardwebhooks` judges each call. It refuses every fourth, and takes one of those all the same.

    hook.py PORT SECRET OUT: writes a line of JSON for each call that it took.
"""
import json
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer

from standardwebhooks.webhooks import Webhook, WebhookVerificationError

port, secret, out = int(sys.argv[1]), sys.argv[2], open(sys.argv[3], "a", buffering=1)
calls = 0


class Hook(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        global calls
        calls += 1
        body = self.rfile.read(int(self.headers["content-length"]))
        try:
            said = Webhook(secret).verify(body, dict(self.headers))
        except WebhookVerificationError as error:
            out.write(json.dumps({"wrong": str(error)}) + "\n")
            return self.answer(400)
        if calls % 4 != 3 or calls % 8 == 7:
            out.write(json.dumps({"id": self.headers["webhook-id"], **said}) + "\n")
        self.answer(204 if calls % 4 != 3 else 503)

    def answer(self, status):
        self.send_response(status)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


HTTPServer(("127.0.0.1", port), Hook).serve_forever()
