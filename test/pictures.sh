#!/usr/bin/env bash
# Draws every kind of figure and a report into build/pictures, and looks at them in a browser, light
# and dark, when chromium is there: build/pictures/*.png. To see them, open build/pictures/index.html.
# Usage: test/cluster run test/pictures.sh
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
out=build/pictures
rm -rf "$out"
mkdir -p "$out"
psql -X -q -d postgres -c 'DROP DATABASE IF EXISTS pictures' -c 'CREATE DATABASE pictures' 2>/dev/null
PGOPTIONS='-c timezone=UTC' psql -X -q -d pictures -f test/pictures.sql

# A page of all figures, each a document of its own.
{
	echo '<!DOCTYPE html><html lang="en"><meta charset="utf-8"><title>pg_shopper: figures</title><meta name="color-scheme" content="light dark">'
	echo '<style>body{margin:10px;background:#ccd;columns:3 500px;column-gap:10px}@media(prefers-color-scheme:dark){body{background:#334}}img{max-width:100%;margin-bottom:8px}</style>'
	for svg in "$out"/*.svg; do echo "<img src=\"${svg##*/}\" alt=\"${svg##*/}\">"; done
} >"$out/index.html"
echo "pictures: $(ls "$out"/*.svg | wc -l) figures and $(ls "$out"/*.html | wc -l) pages in $out"

browser=$(command -v chromium || command -v chromium-browser || command -v google-chrome || true)
if [ -z "$browser" ]; then
	echo 'pictures: no chromium here, so nobody looked at them (Debian: apt install chromium)'
	exit 0
fi
home=$(mktemp -d)
trap 'rm -rf "$home"' EXIT
shoot() { # page, scheme (0 dark, 1 light), size, file
	HOME=$home timeout 60 "$browser" --headless --no-sandbox --disable-gpu --disable-dev-shm-usage --hide-scrollbars --user-data-dir="$home/$4" \
		--blink-settings=preferredColorScheme="$2" --window-size="$3" --screenshot="$PWD/$out/$4.png" "file://$PWD/$out/$1.html" >"$home/$4.log" 2>&1 ||
		{ cat "$home/$4.log" >&2; exit 1; }
}
failed=0
for page in $(cd "$out" && ls *.html); do
	page=${page%.html}
	size=1800,2600
	[ "$page" = index ] || size=1000,5200
	shoot "$page" 1 $size "$page.light"
	shoot "$page" 0 $size "$page.dark"
	for shot in "$out/$page.light.png" "$out/$page.dark.png"; do
		if [ "$(stat -c %s "$shot")" -lt 50000 ]; then	# a blank page has a few kB
			echo "pictures: FAILED: $shot is blank"
			failed=1
		fi
	done
	if cmp -s "$out/$page.light.png" "$out/$page.dark.png"; then
		echo "pictures: FAILED: $page looks the same in the dark"
		failed=1
	fi
done
[ $failed -ne 0 ] || echo "pictures: $(ls "$out"/*.png | wc -l) screenshots, light and dark"
exit $failed
