// Objects that live for half a second, then are rubbish: a sawtooth. garbage.js SECONDS
const kept = Array(10000)
const end = Date.now() + Number(process.argv[2]) * 1000
let count = 0
function work() {
  for (let k = 0; k < 500; k++) kept[count++ % kept.length] = { text: "x" + k, list: Array(100).fill(k) }
  if (Date.now() < end) setTimeout(work, 20)
}
work()
