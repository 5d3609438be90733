// Runs JavaScript files for package nodefile, in one process. Messages are lines of
// JSON: from descriptor 3 calls and answers, to descriptor 4 questions and results.
'use strict';
const fs = require('fs');
const net = require('net');
const { pathToFileURL } = require('url');
const { isModuleNamespaceObject, isProxy } = require('util').types;

const send = (message) => {
  const line = Buffer.from(JSON.stringify(message) + '\n');
  for (let at = 0; at < line.length; ) {
    try {
      at += fs.writeSync(4, line, at);
    } catch (error) {
      if (error.code !== 'EAGAIN') process.exit(3); // nobody listens any more
    }
  }
};

// What a file asks for: the answers that are to come, and which question an error
// is the answer to.
const waiting = new Map();
const refused = new WeakMap();
let last = 0;
const ask = (call, question) => new Promise((resolve, reject) => {
  waiting.set((last += 1), { resolve, reject });
  send({ call, ask: last, ...question });
});
const answer = ({ ask: id, value, error, code }) => {
  const { resolve, reject } = waiting.get(id);
  waiting.delete(id);
  if (error === undefined) {
    resolve(value);
    return;
  }
  const thrown = Object.assign(new Error(error), { code });
  refused.set(thrown, id);
  reject(thrown);
};

const isClass = /^\s*class[\s{/}]/;
const callable = (v) => typeof v === 'function' && !isClass.test(Function.prototype.toString.call(v));
const hasOwn = (v, key) => Object.prototype.hasOwnProperty.call(v, key);
const hidden = new Set(['__proto__', 'constructor', 'prototype']);
const follows = (v, key) => hasOwn(v, key) || (isProxy(v) && !hidden.has(key));

const load = async (path) => {
  if (/\.[cm]?ts$/.test(path) && !process.features.typescript) {
    throw new Error(`it is TypeScript, which Node.js ${process.versions.node} cannot run (take 22.18 or later, or write it in JavaScript)`);
  }
  let module;
  if (!/\.m[jt]s$/.test(path)) {
    try {
      const value = require(path);
      if (!isModuleNamespaceObject(value)) return value;
      module = value; // of an ES module, in a new Node.js
    } catch (error) {
      if (!error || (error.code !== 'ERR_REQUIRE_ESM' && error.code !== 'ERR_REQUIRE_ASYNC_MODULE')) throw error;
    }
  }
  module = module || (await import(pathToFileURL(path).href));
  return 'default' in module ? module.default : { ...module };
};

// Of all values on the way, one function is called, with what it may use.
const evaluate = async ({ call, path, keys, options }) => {
  const given = {
    options,
    resolveVariable: async (text) => ask(call, { variable: String(text) }),
    resolveConfigurationProperty: async (list) => ask(call, { property: Array.from(list, String) }),
  };
  let called = false;
  const enter = (v) => {
    if (called || !callable(v)) return v;
    called = true;
    return v(given);
  };
  let value = await enter(await load(path));
  for (const key of keys) {
    if (typeof value === 'string') value = await ask(call, { text: value });
    if (value === null || value === undefined || !follows(value, key)) return { found: false };
    value = value[key];
    if (value === null || value === undefined) return { found: false };
    if (called) continue;
    value = await enter(value);
    if (!called && (value === null || value === undefined)) return { found: false };
  }
  if (value === null) return { found: false };
  return { found: true, value: plain(value) };
};

// plain returns what JSON keeps of a value, which must be all of it unless it is a
// map or a list.
const plain = (value) => {
  const text = JSON.stringify(value);
  const kept = text === undefined ? undefined : JSON.parse(text);
  const prototype = typeof value === 'object' && Object.getPrototypeOf(value);
  const whole = prototype === false ? kept === value && value !== undefined
    : Array.isArray(value) || prototype === null || hasOwn(prototype, 'propertyIsEnumerable');
  if (!whole) throw new TypeError(`it gives ${kind(value)}, want a map, a list, a text, a finite number, a bool or null`);
  return kept;
};
const kind = (value) => {
  if (typeof value === 'number') return String(value);
  if (value && typeof value === 'object') return `an object of the class ${(value.constructor && value.constructor.name) || 'none'}`;
  return value === undefined ? 'undefined' : `a ${typeof value}`;
};

// explain says why, and where in the file if that is known.
const explain = (error, path) => {
  if (!(error instanceof Error)) return { error: `it threw ${JSON.stringify(error)}` };
  const [message] = String(error.message).split('\n', 1);
  const stack = String(error.stack);
  let [line, column] = [0, 0];
  for (let at = 0; line === 0 && (at = stack.indexOf(path, at)) >= 0; ) {
    at += path.length;
    [, line = 0, column = 0] = /^:(\d+)(?::(\d+))?/.exec(stack.slice(at, at + 30)) || [];
  }
  return { error: message, line: Number(line), column: Number(column) };
};

const run = async (message) => {
  const { call, path } = message;
  try {
    send({ call, ...(await evaluate(message)) });
  } catch (error) {
    const id = error instanceof Error ? refused.get(error) : undefined;
    send({ call, ...explain(error, path), refused: id });
  }
};

let rest = '';
const input = new net.Socket({ fd: 3, readable: true, writable: false }).setEncoding('utf8'); // a stream of fs would keep the process from ending
input.on('data', (chunk) => {
  const lines = (rest + chunk).split('\n');
  rest = lines.pop();
  for (const line of lines) {
    const message = JSON.parse(line);
    if (message.path) run(message);
    else answer(message);
  }
});
input.on('end', () => process.exit(0));
