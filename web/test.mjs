// Bundles test/*.test.ts as the page is bundled, and lets node run them.
import { spawnSync } from "node:child_process"
import { mkdtempSync, readdirSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import process from "node:process"
import { build } from "esbuild"

const folder = mkdtempSync(join(tmpdir(), "report-tests-"))
try {
  const names = readdirSync("test").filter((name) => name.endsWith(".test.ts"))
  await build({
    entryPoints: names.map((name) => join("test", name)),
    outdir: folder,
    outExtension: { ".js": ".mjs" },
    bundle: true,
    format: "esm",
    platform: "node",
    sourcemap: "inline",
    logLevel: "warning",
  })
  const files = names.map((name) => join(folder, name.replace(/ts$/, "mjs")))
  const { status } = spawnSync(process.execPath, ["--enable-source-maps", "--test", ...files], {
    stdio: "inherit",
  })
  process.exitCode = status ?? 1
} finally {
  rmSync(folder, { recursive: true })
}
