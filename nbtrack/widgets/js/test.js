// Runs the tests of what is computed: compiled into build/, as Node runs no TypeScript.
import { spawnSync } from "node:child_process";
import { readdirSync, rmSync } from "node:fs";
import { build } from "esbuild";

const here = new URL(".", import.meta.url).pathname;
rmSync(`${here}build`, { recursive: true, force: true });
await build({
  absWorkingDir: here,
  entryPoints: ["test/*.test.ts"],
  outdir: "build",
  bundle: true,
  platform: "node",
  format: "esm",
  sourcemap: "inline",
  loader: { ".css": "text" },
  logLevel: "warning",
});
const files = readdirSync(`${here}build`).map((name) => `${here}build/${name}`);
const { status } = spawnSync(process.execPath, ["--enable-source-maps", "--test", ...files], { stdio: "inherit" });
process.exit(status ?? 1);
