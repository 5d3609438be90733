// Resolves documents with the command line's own engine, in one process that
// stays warm. It reads one document per line, resolves it some times, and writes
// the least time of the processor that one resolution took, in milliseconds, with
// what came out.
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
  let configuration;
  let failed = 0;
  const begin = now();
  for (let i = 0; i < request.times && (i === 0 || now() - begin < request.budget); i++) {
    configuration = structuredClone(request.configuration);
    if (global.gc) global.gc();
    const before = now();
    const variablesMeta = resolveMeta(configuration);
    const scanned = now();
    await resolve({
      serviceDir: request.dir, configuration, variablesMeta, sources, options: request.options,
      fulfilledSources: new Set(Object.keys(sources)),
    });
    const after = now();
    scan = Math.min(scan, scanned - before);
    best = Math.min(best, after - scanned);
    failed = variablesMeta.size;
  }
  return { scan, resolve: best, failed, value: configuration };
};

(async () => {
  for await (const line of readline.createInterface({ input: process.stdin, crlfDelay: Infinity })) {
    const answer = await one(JSON.parse(line)).catch((error) => ({ error: String(error) }));
    process.stdout.write(`${JSON.stringify(answer)}\n`);
  }
})().catch((error) => { process.stderr.write(`${error.stack}\n`); process.exit(1); });
