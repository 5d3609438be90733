// Resolves documents with the command line's own engine, in one process that
// stays warm. It reads one document per line, resolves it some times in a row, and
// writes the time of the processor that one of these took on average, in
// milliseconds, with what came out.
'use strict';

const path = require('path');
const readline = require('readline');

const dir = path.resolve(process.argv[2]);
const resolveMeta = require(path.join(dir, 'resolve-meta'));
const resolve = require(path.join(dir, 'resolve'));
const sources = {};
for (const [type, file] of [['env', 'env'], ['file', 'file'], ['opt', 'opt'], ['self', 'self'], ['strToBool', 'str-to-bool']]) {
  sources[type] = require(path.join(dir, 'sources', file));
}

const now = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};

const one = async (request) => {
  const copies = Array.from({ length: request.repeat }, () => structuredClone(request.configuration));
  if (global.gc) global.gc();
  let scan = 0;
  let resolved = 0;
  let failed = 0;
  for (const configuration of copies) {
    const before = now();
    const variablesMeta = resolveMeta(configuration);
    const middle = now();
    await resolve({
      serviceDir: request.dir, configuration, variablesMeta, sources, options: request.options,
      fulfilledSources: new Set(Object.keys(sources)),
    });
    const after = now();
    scan += middle - before;
    resolved += after - middle;
    failed = variablesMeta.size;
  }
  return { scan: scan / copies.length, resolve: resolved / copies.length, failed, value: copies[0] };
};

(async () => {
  for await (const line of readline.createInterface({ input: process.stdin, crlfDelay: Infinity })) {
    const answer = await one(JSON.parse(line)).catch((error) => ({ error: String(error) }));
    process.stdout.write(`${JSON.stringify(answer)}\n`);
  }
})().catch((error) => { process.stderr.write(`${error.stack}\n`); process.exit(1); });
