// Checks OpenAPI documents: `node check.mjs FILE…`. Redocly and spectral find no error and no warning, and the types that openapi-typescript
// makes compile under `tsc --strict`. Both linters are used as libraries: their command-line programs bring a web server and a site
// generator, three times as much to install.
import { readFile } from 'node:fs/promises';
import path from 'node:path';

import redocly from '@redocly/openapi-core';
import spectral from '@stoplight/spectral-core';
import parsers from '@stoplight/spectral-parsers';
import openapiTS, { astToString } from 'openapi-typescript';
import ts from 'typescript';

import ruleset from './ruleset.mjs';

const here = import.meta.dirname ?? path.dirname(new URL(import.meta.url).pathname);

async function byRedocly(file) {
  const config = await redocly.loadConfig({ configPath: path.join(here, 'redocly.yaml') });
  const problems = await redocly.lint({ ref: file, config });
  return problems.map((it) => `redocly ${it.ruleId}: ${it.message} (${it.location[0]?.pointer ?? ''})`);
}

async function bySpectral(file, text) {
  const linter = new spectral.Spectral();
  linter.setRuleset(ruleset);
  const found = await linter.run(new spectral.Document(text, parsers.Json, file));
  return found.map((it) => `spectral ${it.code}: ${it.message} (${it.path.join('/')})`);
}

/** The types, compiled in memory. */
async function byTypeScript(text) {
  const name = 'document.ts';
  const source = astToString(await openapiTS(JSON.parse(text)));
  const options = { strict: true, noEmit: true, target: ts.ScriptTarget.ES2022, lib: ['lib.es2022.d.ts'], types: [] };
  const host = ts.createCompilerHost(options);
  const { getSourceFile } = host;
  host.getSourceFile = (file, version) =>
    file === name ? ts.createSourceFile(name, source, version) : getSourceFile(file, version);
  const found = ts.getPreEmitDiagnostics(ts.createProgram([name], options, host));
  return found.map((it) => `tsc: ${ts.flattenDiagnosticMessageText(it.messageText, ' ')}`);
}

let failed = false;
for (const file of process.argv.slice(2)) {
  const text = await readFile(file, 'utf8');
  const problems = (await Promise.all([byRedocly(file), bySpectral(file, text), byTypeScript(text)])).flat();
  for (const problem of problems) console.error(`${path.basename(file)}: ${problem}`);
  console.log(`${path.basename(file)}: ${problems.length} problems`);
  failed ||= problems.length > 0;
}
process.exit(failed ? 1 : 0);
