#!/usr/bin/env bash
# The report after a drill as others read it: poppler finds tags, title, language and words in the PDF, Chromium's viewer shows it, openpyxl and Python's own zipfile
# open the spreadsheet, Python's csv reads the figures.
. "$(dirname "$0")/lib.sh"
need_deb poppler-utils jq chromium
need_npm playwright-core@1.65.1
need_pip openpyxl==3.1.5
scratch
IT=$VARDKASE_IT
VARDKASE_REPORTS="$DIR" "$IT" --exact web::after::every_form_says_the_same >"$DIR/it.log" 2>&1 || fail "no report: $(tail -5 "$DIR/it.log")"
for form in pdf xlsx csv json; do
    [ -s "$DIR/report.$form" ] || fail "there is no report.$form"
done
pdfinfo "$DIR/report.pdf" >"$DIR/pdfinfo.txt" || fail "poppler does not open it"
grep -q '^Tagged: *yes' "$DIR/pdfinfo.txt" && grep -q '^Title: *Rapport efter' "$DIR/pdfinfo.txt" || fail "no tags or no title: $(cat "$DIR/pdfinfo.txt")"
pdfinfo -struct-text "$DIR/report.pdf" >"$DIR/struct.txt" 2>/dev/null
for tag in Table TH Figure H1 H2; do
    grep -q "^ *$tag" "$DIR/struct.txt" || fail "the PDF has no $tag"
done
pdftotext -layout "$DIR/report.pdf" "$DIR/report.txt"
for word in 'Rapport efter Ö-1' '90 % inom 15 min' 'överlämnad' 'Varje funktion' 'Journalens försegling'; do
    grep -q "$word" "$DIR/report.txt" || fail "the PDF does not say: $word"
done
echo "ok report: poppler reads tags, tables, figures and words"
export BROWSER_CHROMIUM=${BROWSER_CHROMIUM:-$(command -v chromium)}
pages=$(node "$(dirname "$0")/browser/pdf.js" "$DIR/report.pdf" 'Rapport efter') || fail "Chromium's viewer does not show the PDF"
[ "$pages" = "$(sed -n 's/^Pages: *//p' "$DIR/pdfinfo.txt")" ] || fail "Chromium's viewer shows $pages pages"
head -c 3000 "$DIR/report.pdf" >"$DIR/broken.pdf"
! node "$(dirname "$0")/browser/pdf.js" "$DIR/broken.pdf" 'Rapport efter' >/dev/null 2>&1 || fail "Chromium's viewer shows anything"
echo "ok report: Chromium's viewer shows its $pages pages"
"$PYTHON" - "$DIR" <<'PY' || fail "the spreadsheet or the figures can't be read"
import csv, json, sys, zipfile
import openpyxl
folder = sys.argv[1]
report = json.load(open(f"{folder}/report.json"))["report"]
assert zipfile.ZipFile(f"{folder}/report.xlsx").testzip() is None
book = openpyxl.load_workbook(f"{folder}/report.xlsx")
rows = {row[0].value: row[1].value for sheet in book for row in sheet.iter_rows(min_row=2) if len(row) > 1}
assert rows["Funktioner som fick veta"] == report["totals"]["told"], rows
assert not any(cell.data_type == "f" for sheet in book for row in sheet.iter_rows() for cell in row), "a formula"
lines = list(csv.DictReader(open(f"{folder}/report.csv", newline="")))
told = [l["value"] for l in lines if l["section"] == "total" and l["figure"] == "told"]
assert told == [str(report["totals"]["told"])], told
print(f"ok report: openpyxl reads {len(book.sheetnames)} sheets, csv {len(lines)} figures")
PY
