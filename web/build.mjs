// Bundles src/main.ts and src/pair.ts, each with its style, into one JS and one CSS file in the folder
// given.
import { readFileSync } from "node:fs"
import { argv } from "node:process"
import { build } from "esbuild"

// What is bundled goes with its license, into each report.
const license = readFileSync("node_modules/uplot/LICENSE", "utf8").trim()

await build({
  entryPoints: { report: "src/main.ts", pair: "src/pair.ts" },
  outdir: argv[2] ?? "../src/memory_watcher/report/bundle",
  bundle: true,
  minify: true,
  format: "iife",
  target: ["chrome103", "firefox113", "safari16.4"],
  charset: "utf8",
  banner: { js: `/*! Contains uPlot.\n\n${license}\n*/` },
  logLevel: "warning",
})
