// Resolves documents with the command line's own engine, in one process that
// stays warm. It reads one document per line, resolves it some times in a row, and
// writes the least time of the processor that one of a row took on average, in
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
  let best = Infinity;
  let scan = Infinity;
  let repeat = 1;
  let configuration;
  let failed = 0;
  const begin = now();
  for (let i = 0; i < request.times && (i === 0 || now() - begin < request.budget); i++) {
    const copies = Array.from({ length: repeat }, () => structuredClone(request.configuration));
    if (global.gc) global.gc();
    let scanned = 0;
    let resolved = 0;
    for (configuration of copies) {
      const before = now();
      const variablesMeta = resolveMeta(configuration);
      const middle = now();
      await resolve({
        serviceDir: request.dir, configuration, variablesMeta, sources, options: request.options,
        fulfilledSources: new Set(Object.keys(sources)),
      });
      const after = now();
      scanned += middle - before;
      resolved += after - middle;
      failed = variablesMeta.size;
    }
    scan = Math.min(scan, scanned / repeat);
    best = Math.min(best, resolved / repeat);
    repeat = Math.max(repeat, Math.ceil(request.row / (best + scan)));
  }
  return { scan, resolve: best, failed, value: configuration };
};

(async () => {
  for await (const line of readline.createInterface({ input: process.stdin, crlfDelay: Infinity })) {
    const answer = await one(JSON.parse(line)).catch((error) => ({ error: String(error) }));
    process.stdout.write(`${JSON.stringify(answer)}\n`);
  }
})().catch((error) => { process.stderr.write(`${error.stack}\n`); process.exit(1); });
