#!/usr/bin/env python3
"""A GSM modem in PDU mode on a pseudo-terminal, for smsd. Written from 3GPP TS 27.005, 23.040 and 23.038 alone.

usage: modem.py FOLDER    FOLDER/tty becomes the modem's device; FOLDER/ready appears when it is there
  FOLDER/shown            one JSON line for each text that the telephone shows, parts joined: {"to", "text", "parts"}
  FOLDER/pdus             each TPDU as it came
  FOLDER/mo/*             somebody writes: first line the number, the rest the text; the file goes when the modem has it

Numbers misbehave by their last four digits: 0001 refused (CMS 21), 0002 refused for now (CMS 42, network congested),
0003 accepted and reported as undeliverable, 0004 no status report.
"""
import json, os, pty, re, select, sys, time, tty

BASIC = ("@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
         "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà")
EXTENDED = {0x0a: "\f", 0x14: "^", 0x28: "{", 0x29: "}", 0x2f: "\\", 0x3c: "[", 0x3d: "~", 0x3e: "]", 0x40: "|", 0x65: "€"}
BACK = {c: [i] for i, c in enumerate(BASIC) if c != "\x1b"} | {c: [0x1b, s] for s, c in EXTENDED.items()}


def septets_of(octets, count, skip_bits):
    bits = int.from_bytes(octets, "little") >> skip_bits
    return [(bits >> (7 * i)) & 0x7f for i in range(count)]


def packed(septets):
    bits = 0
    for i, septet in enumerate(septets):
        bits |= septet << (7 * i)
    return bits.to_bytes((7 * len(septets) + 7) // 8, "little")


def letters(septets):
    out, escaped = [], False
    for s in septets:
        if escaped:
            out.append(EXTENDED.get(s, BASIC[s]))
            escaped = False
        elif s == 0x1b:
            escaped = True
        else:
            out.append(BASIC[s])
    return "".join(out)


def semi(digits):
    digits += "F" if len(digits) % 2 else ""
    return bytes(int(digits[i + 1] + digits[i], 16) for i in range(0, len(digits), 2))


def unsemi(octets, count):
    return "".join(f"{o & 15:x}{o >> 4:x}" for o in octets)[:count]


class Submit:
    """SMS-SUBMIT (23.040, 9.2.2.2)."""

    def __init__(self, octets):
        at = 1 + octets[0]
        first = octets[at]
        assert first & 3 == 1, "no SMS-SUBMIT"
        self.report = bool(first & 0x20)
        count, self.toa = octets[at + 2], octets[at + 3]
        end = at + 4 + (count + 1) // 2
        self.to = unsemi(octets[at + 4:end], count)
        self.dcs = octets[end + 1]
        end += 2 + {0: 0, 1: 7, 2: 1, 3: 7}[first >> 3 & 3]
        length, data = octets[end], octets[end + 1:]
        self.part, header = None, 0
        if first & 0x40:
            header = data[0] + 1
            elements = data[1:header]
            while elements:
                kind, size = elements[0], elements[1]
                value = elements[2:2 + size]
                if kind == 0:
                    self.part = (value[0], value[1], value[2])
                elif kind == 8:
                    self.part = (value[0] << 8 | value[1], value[2], value[3])
                elements = elements[2 + size:]
        if self.dcs & 0x0c == 8:
            self.units = data[header:length]
            self.wide = True
        else:
            skip = (header * 8 + 6) // 7
            self.units = septets_of(data, length, 0)[skip:]
            self.wide = False
        assert len(data) <= 140, "more than 140 octets"

    @staticmethod
    def text(parts):
        # An escape or a surrogate pair that was cut comes back when the units are joined before they are read: a
        # telephone reads each part by itself, so that is what is done here.
        return "".join(bytes(p.units).decode("utf-16-be", "replace") if p.wide else letters(p.units) for p in parts)


class Modem:
    def __init__(self, folder):
        self.folder, self.memory, self.ref, self.joining = folder, {}, 0, {}
        os.makedirs(f"{folder}/mo", exist_ok=True)
        self.shown = open(f"{folder}/shown", "a", buffering=1, encoding="utf-8")
        self.pdus = open(f"{folder}/pdus", "a", buffering=1)

    def store(self, pdu):
        self.memory[min(set(range(1, 200)) - set(self.memory))] = pdu

    def stamp(self):
        return semi(time.strftime("%y%m%d%H%M%S") + "00")

    def submit(self, hexa):
        self.pdus.write(hexa + "\n")
        sm = Submit(bytes.fromhex(hexa))
        if sm.to.endswith("0001"):
            return "+CMS ERROR: 21"
        if sm.to.endswith("0002"):
            return "+CMS ERROR: 42"
        self.ref = self.ref % 255 + 1
        bad = sm.to.endswith("0003")
        if sm.report and not sm.to.endswith("0004"):
            # SMS-STATUS-REPORT (23.040, 9.2.2.3): 0x00 received, 0x41 incompatible destination.
            to = bytes([len(sm.to), sm.toa]) + semi(sm.to)
            self.store(bytes([0, 0x06, self.ref]) + to + self.stamp() * 2 + bytes([0x41 if bad else 0x00]))
        if not bad:
            self.show(sm)
        return f"+CMGS: {self.ref}\r\n\r\nOK"

    def show(self, sm):
        parts = [sm]
        if sm.part:
            ref, n, k = sm.part
            have = self.joining.setdefault((sm.to, ref, n), {})
            have[k] = sm
            if len(have) < n:
                return
            parts = [have[i] for i in sorted(self.joining.pop((sm.to, ref, n)))]
        plus = "+" if sm.toa & 0x70 == 0x10 else ""
        self.shown.write(json.dumps({"to": plus + sm.to, "text": Submit.text(parts), "parts": len(parts)}) + "\n")

    def written(self, number, text):
        """SMS-DELIVER (23.040, 9.2.2.1), in parts when it is long."""
        toa, digits = (0x91, number[1:]) if number.startswith("+") else (0x81, number)
        head = bytes([len(digits), toa]) + semi(digits) + b"\0"
        plain = all(c in BACK for c in text)
        units = [s for c in text for s in BACK[c]] if plain else list(text.encode("utf-16-be"))
        single, room = (160, 153) if plain else (140, 134)
        parts = [units] if len(units) <= single else [units[i:i + room] for i in range(0, len(units), room)]
        self.ref = self.ref % 255 + 1
        for k, part in enumerate(parts, 1):
            udh = bytes([5, 0, 3, self.ref, len(parts), k]) if len(parts) > 1 else b""
            if plain:
                filled = [0] * ((len(udh) * 8 + 6) // 7) + part
                data = bytearray(packed(filled))
                data[:len(udh)] = udh
                length = len(filled)
                if udh:  # the bits behind the header, up to a septet boundary
                    bits = int.from_bytes(packed(filled), "little") | int.from_bytes(udh, "little")
                    data = bits.to_bytes((7 * length + 7) // 8, "little")
            else:
                data = udh + bytes(part)
                length = len(data)
            first = 0x44 if udh else 0x04
            self.store(bytes([0, first]) + head + bytes([0 if plain else 8]) + self.stamp() + bytes([length]) + data)

    def answer(self, line):
        if m := re.match(r"AT\+CMG[RD]=(\d+)", line):
            slot = int(m[1])
            if line.startswith("AT+CMGD"):
                self.memory.pop(slot, None)
                return "OK"
            pdu = self.memory.get(slot)
            return f"+CMGR: 0,,{len(pdu) - 1}\r\n{pdu.hex().upper()}\r\n\r\nOK" if pdu else "+CMS ERROR: 321"
        if line.startswith("AT+CMGL"):
            lines = [f"+CMGL: {i},0,,{len(p) - 1}\r\n{p.hex().upper()}" for i, p in sorted(self.memory.items())]
            return "\r\n".join(lines + ["", "OK"])
        used = len(self.memory)
        return {
            "AT+CPIN?": "+CPIN: READY\r\n\r\nOK", "AT+CREG?": "+CREG: 0,1\r\n\r\nOK", "AT+CSQ": "+CSQ: 25,0\r\n\r\nOK",
            "AT+CIMI": "240011234567890\r\n\r\nOK", "AT+CGSN": "350000000000006\r\n\r\nOK", "AT+CMGF?": "+CMGF: 0\r\n\r\nOK",
            "AT+CPMS?": f'+CPMS: "SM",{used},200,"SM",{used},200,"SM",{used},200\r\n\r\nOK',
        }.get(line, f'+CPMS: {used},200,{used},200,{used},200\r\n\r\nOK' if line.startswith("AT+CPMS=") else "OK")

    def run(self):
        master, slave = pty.openpty()
        tty.setraw(slave)
        link = f"{self.folder}/tty"
        if os.path.lexists(link):
            os.unlink(link)
        os.symlink(os.ttyname(slave), link)
        open(f"{self.folder}/ready", "w").write("ready\n")
        heard, wants_pdu = b"", False
        while True:
            for name in sorted(os.listdir(f"{self.folder}/mo")):
                if name.startswith("."):
                    continue
                number, _, text = open(f"{self.folder}/mo/{name}", encoding="utf-8", newline="").read().partition("\n")
                self.written(number, text)
                os.unlink(f"{self.folder}/mo/{name}")
            if not select.select([master], [], [], 0.1)[0]:
                continue
            heard += os.read(master, 4096)
            while True:
                end = b"\x1a" if wants_pdu else b"\r"
                at = heard.find(end)
                if at < 0:
                    break
                line, heard = heard[:at].decode("ascii", "replace").strip(), heard[at + 1:]
                if wants_pdu:
                    wants_pdu = False
                    reply = self.submit(line.strip("\x1a\x1b \r\n"))
                elif not line or not line.startswith("AT"):
                    continue
                elif line.startswith("AT+CMGS="):
                    wants_pdu = True
                    os.write(master, b"\r\n> ")
                    continue
                else:
                    reply = self.answer(line)
                os.write(master, f"\r\n{reply}\r\n".encode())


if __name__ == "__main__":
    Modem(sys.argv[1]).run()
