// Two million objects; each line of input is answered with process.memoryUsage().
const keep = []
for (let i = 0; i < 2e6; i++) keep.push({ number: i, next: [i] })
console.log("ready")
process.stdin.on("data", () => {
  console.log(JSON.stringify({ ...process.memoryUsage(), kept: keep.length }))
})
process.stdin.on("end", () => process.exit())
