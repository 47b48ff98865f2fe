#!/usr/bin/env bash
# Draws every kind of figure and some reports into build/pictures, and looks at them in a browser, light
# and dark, when chromium is there: build/pictures/*.png. To see them, open build/pictures/index.html.
# Usage: test/cluster run test/pictures.sh
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
out=build/pictures
rm -rf "$out"
mkdir -p "$out/odd"
psql -X -q -d postgres -c 'DROP DATABASE IF EXISTS pictures' -c 'CREATE DATABASE pictures' 2>/dev/null
PGOPTIONS='-c timezone=UTC' psql -X -q -d pictures -f test/pictures/figures.sql

# A page of all figures, each a document of its own.
{
	echo '<!DOCTYPE html><html lang="en"><meta charset="utf-8"><title>pg_shopper: figures</title><meta name="color-scheme" content="light dark">'
	echo '<style>body{margin:10px;background:#ccd;columns:3 500px;column-gap:10px}@media(prefers-color-scheme:dark){body{background:#334}}img{max-width:100%;margin-bottom:8px}</style>'
	for svg in "$out"/*.svg "$out"/odd/*.svg; do echo "<img src=\"${svg#"$out"/}\" alt=\"${svg##*/}\">"; done
} >"$out/index.html"
echo "pictures: $(ls "$out"/*.svg "$out"/odd/*.svg | wc -l) figures and $(ls "$out"/report*.html | wc -l) reports in $out"

browser=$(command -v chromium || command -v chromium-browser || command -v google-chrome || true)
if [ -z "$browser" ]; then
	echo 'pictures: no chromium here, so nobody looked at them (Debian: apt install chromium)'
	exit 0
fi
home=$(mktemp -d)
trap 'rm -rf "$home"' EXIT
# Each kind has a page with both schemes: a picture in a page follows the scheme of its element.
for svg in "$out"/*.svg; do
	name=$(basename "$svg" .svg)
	read -r width height < <(sed -n '1s/.* width="\([0-9.]*\)" height="\([0-9.]*\)".*/\1 \2/p' "$svg")
	width=${width%.*} height=${height%.*}
	echo "<!DOCTYPE html><meta charset=\"utf-8\"><style>body{margin:8px;background:#889}img{display:block;margin-bottom:8px}</style>
		<img src=\"$PWD/$svg\" style=\"color-scheme:light\"><img src=\"$PWD/$svg\" style=\"color-scheme:dark\">" >"$home/$name.html"
	echo "$home/$name.html 1 $((width + 16)),$((2 * height + 24)) $name"
done >"$home/shots"
shot="$PWD/$out/%s.html %d %s %s\n"
for page in index report; do
	size=$([ $page = index ] && echo 1800,2700 || echo 1000,6000)
	printf "$shot" $page 1 $size $page.light $page 0 $size $page.dark
done >>"$home/shots"
for page in report_segments report_rules; do
	printf "$shot" $page 1 1000,1800 $page
done >>"$home/shots"
shoot() { # page, scheme (0 dark, 1 light), size, name
	for _ in 1 2 3; do		# on a busy machine a browser may not come up in time
		if HOME=$home timeout 60 "$browser" --headless --no-sandbox --disable-gpu --disable-dev-shm-usage --hide-scrollbars --user-data-dir="$home/$4" \
			--blink-settings=preferredColorScheme="$2" --window-size="$3" --screenshot="$PWD/$out/$4.png" "file://$1" >"$home/$4.log" 2>&1; then
			rm -rf "${home:?}/$4"
			return
		fi
		rm -rf "${home:?}/$4"
	done
	cat "$home/$4.log" >&2
	exit 1
}
export -f shoot
export browser home out
xargs -P "$(nproc)" -L 1 bash -c 'shoot "$@"' shoot <"$home/shots"

# A page whose figures do not show has one colour, or looks the same in the dark.
failed=0
for shot in "$out"/*.png; do
	# Of blank pages a pixel takes some thousandth of a byte.
	read -r width height < <(od -An -j16 -N8 -tu1 "$shot" | awk '{print $3 * 256 + $4, $7 * 256 + $8}')
	if [ "$(stat -c %s "$shot")" -lt $((4000 + width * height / 100)) ]; then
		echo "pictures: FAILED: $shot is blank"
		failed=1
	fi
done
for page in index report; do
	if cmp -s "$out/$page.light.png" "$out/$page.dark.png"; then
		echo "pictures: FAILED: $page looks the same in the dark"
		failed=1
	fi
done
[ $failed -ne 0 ] || echo "pictures: $(ls "$out"/*.png | wc -l) screenshots, light and dark"
exit $failed
