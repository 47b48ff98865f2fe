// duckdb-wasm 1.28.0, the version that needs no extensions from the network, does not know two
// settings that Evidence makes for newer ones: without these lines all works.
import { readFileSync, writeFileSync } from 'node:fs';

for (const client of ['browser', 'node']) {
	const file = `node_modules/@evidence-dev/universal-sql/src/client-duckdb/${client}.js`;
	const text = readFileSync(file, 'utf8');
	const adapted = text.split('\n').filter((line) => !/SET (ieee_floating_point_ops|old_implicit_casting) =/.test(line)).join('\n');
	if (adapted !== text) writeFileSync(file, adapted);
}
