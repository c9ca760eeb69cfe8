// A Node program of known memory, whose regressions are arguments: name and amount. It answers 15
// requests, one each 100 ms (`requests`: so many more).
const more = {};
for (let i = 2; i + 1 < process.argv.length; i += 2) more[process.argv[i]] = Number(process.argv[i + 1]);

const kept = [Buffer.alloc(40 << 20, 1)];
for (let i = 0; i < 40000; i++) kept.push({ number: i, text: `entry ${i}`, list: [i, i + 1] });
if (more.buffer) kept.push(Buffer.alloc(more.buffer, 1));
for (let i = 0; i < (more.objects || 0); i++) kept.push({ number: i, text: `more ${i}`, list: [i, i + 1] });
if (more.threads) {
  const { Worker } = require("node:worker_threads");
  for (let i = 0; i < more.threads; i++) new Worker("setTimeout(() => 0, 1500)", { eval: true });
}
if (more.children) {
  const { spawn } = require("node:child_process");
  for (let i = 0; i < more.children; i++) spawn("sleep", ["1"]);
}
let request = 0;
const timer = setInterval(() => {
  if (more.cache) kept.push(Buffer.alloc(more.cache, request));
  if (++request === 15 + (more.requests || 0)) clearInterval(timer);
}, 100);
