"""espa.py DEVICE CALLS: a paging system on a serial device; each call is a line of JSON, record by record."""
import json
import sys
import time

import digimat.espa.espa as espa
from digimat.espa.link import LinkSerial

# The package splits bytes by text, which Python 3 refuses; it is given text.
decode = espa.MessageServer.decodeBuffer
espa.MessageServer.decodeBuffer = lambda self, buf: decode(self, buf.decode("latin-1"))

server = espa.Server(LinkSerial("peer", sys.argv[1]), "1", "2")
server.start()
# The device is open when its thread has turned once.
time.sleep(1)
print("up", flush=True)
with open(sys.argv[2], "w") as calls:
    while True:
        call = server.getNotification()
        if call is not None and call.data:
            calls.write(json.dumps(call.data) + "\n")
            calls.flush()
        else:
            time.sleep(0.05)
