"""The public page as browsers without style or script show it (Debian's lynx, w3m and links): each approved text, whole, in one piece, and what to
call, in every state and language.

old.py FOLDER
"""

import json
import pathlib
import re
import subprocess
import sys

BROWSERS = {
    "lynx": ["lynx", "-dump", "-nolist", "-assume_charset=utf-8", "-display_charset=utf-8"],
    "w3m": ["w3m", "-dump", "-T", "text/html", "-I", "UTF-8", "-O", "UTF-8"],
    "links": ["links", "-dump", "-html-assume-codepage", "utf-8", "-codepage", "utf-8"],
}


def bare(text):
    """Without what a browser puts between words."""
    return re.sub(r"\s+", "", text)


pages, texts, wrong = 0, 0, []
for approved_file in sorted(pathlib.Path(sys.argv[1]).rglob("approved.json")):
    approved = json.loads(approved_file.read_text())
    for page in sorted(approved_file.parent.glob("[a-z][a-z]/index.html")):
        pages += 1
        lang = page.parent.name
        wanted = [by_lang[lang] for by_lang in approved.values() if lang in by_lang]
        for name, command in BROWSERS.items():
            shown = bare(subprocess.run([*command, str(page)], check=True, capture_output=True, timeout=20).stdout.decode())
            for text in wanted:
                texts += 1
                if bare(text) not in shown:
                    wrong.append(f"{name} does not show a text of {page}: {text}")
            if "1177" not in shown:
                wrong.append(f"{name} does not say what to call on {page}")
for line in wrong[:10]:
    print(line[:800])
print("ok feeds:" if not wrong else f"{len(wrong)} are wrong;", f"{pages} pages in {len(BROWSERS)} text browsers, {texts} texts whole")
sys.exit(1 if wrong or texts < 60 else 0)
