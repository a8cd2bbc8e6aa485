#!/usr/bin/env bash
# The kit for when everything else is gone, as others read it: Debian's `age` opens the envelope, GNU tar unpacks it, sha256sum finds every
# file whole, poppler finds tags and text in the papers, and the program in it runs. A disk that is too small leaves nothing behind.
. "$(dirname "$0")/lib.sh"
need_deb age poppler-utils jq
scratch
VK=$VARDKASE_BIN
age-keygen -o "$DIR/key.txt" 2>"$DIR/keygen.log"
WHO=$(grep -o 'age1[a-z0-9]*' "$DIR/key.txt")
age-keygen -o "$DIR/other.txt" 2>>"$DIR/keygen.log"
OTHER=$(grep -o 'age1[a-z0-9]*' "$DIR/other.txt")

"$VK" kit --out "$DIR/sticks" --age "$WHO" --age "$OTHER" >"$DIR/kit.log" || fail "no kit: $(cat "$DIR/kit.log")"
sealed=("$DIR"/sticks/kit-*.tar.age)
[ ${#sealed[@]} -eq 1 ] && [ "$(stat -c %a "${sealed[0]}")" = 600 ] || fail "not one envelope for its owner alone: ${sealed[*]}"
for key in key other; do
    mkdir "$DIR/$key"
    age -d -i "$DIR/$key.txt" "${sealed[0]}" | tar -x -C "$DIR/$key" || fail "age or tar can't open it with $key"
done
age-keygen -o "$DIR/stranger.txt" 2>>"$DIR/keygen.log"
! age -d -i "$DIR/stranger.txt" "${sealed[0]}" >/dev/null 2>&1 || fail "a stranger opened it"
kit=("$DIR"/key/kit-*)
kit=${kit[0]}
diff -r "$kit" "$DIR/other/$(basename "$kit")" || fail "the two recipients have two kits"
(cd "$kit" && jq -r '.files | to_entries[] | "\(.value)  \(.key)"' kit.json | sha256sum --quiet -c) || fail "a file is not as its label says"
printf 'ok kit: age opens it for both recipients, %s files are whole\n' "$(jq '.files | length' "$kit/kit.json")"

for lang in sv en; do
    for paper in directory plan forms; do
        pdfinfo "$kit/$paper-$lang.pdf" | grep -q '^Tagged: *yes' || fail "$paper-$lang.pdf is not tagged"
        pdftotext -layout "$kit/$paper-$lang.pdf" "$DIR/$paper-$lang.txt"
    done
done
grep -q '+46701740605' "$DIR/directory-sv.txt" || fail "the directory lacks a number"
grep -q 'Rapport om avbrott' "$DIR/forms-sv.txt" && grep -q 'Report of a disruption' "$DIR/forms-en.txt" || fail "no blank report"
"$kit/vardkase" check --config "$kit/config" --kit "$DIR/sticks" >"$DIR/check.log" || fail "its own program refuses its own configuration"
echo "ok kit: papers are tagged and hold their words, and the program in it runs"

if [ "$(id -u)" -eq 0 ] && mkdir "$DIR/small" && mount -t tmpfs -o size=1m vardkase-kit "$DIR/small" 2>/dev/null; then
    trap 'umount "$DIR/small" 2>/dev/null || true; end_all' EXIT
    for args in "" "--age $WHO"; do
        # shellcheck disable=SC2086
        ! "$VK" kit --out "$DIR/small" $args >"$DIR/full.log" 2>&1 || fail "a kit of many megabytes went into one"
        grep -q 'Make room' "$DIR/full.log" || fail "it does not say what to do: $(cat "$DIR/full.log")"
        [ -z "$(ls -A "$DIR/small")" ] || fail "something is left on the full disk: $(ls -A "$DIR/small")"
    done
    echo "ok kit: a full disk is told, and nothing is left on it"
else
    echo "kit: no small disk could be mounted here; a full one is not tried"
fi
