// Builds the two files that all widgets share: `node build.js`, or `node build.js FOLDER` to put them elsewhere.
import { readFile, stat } from "node:fs/promises";
import { build, transform } from "esbuild";

const LIMIT = 100_000;
const target = process.argv[2] ?? new URL("../static", import.meta.url).pathname;

const styles = {
  name: "styles",
  /** @param {import("esbuild").PluginBuild} building */
  setup: (building) =>
    building.onLoad({ filter: /\.css$/ }, async ({ path }) => ({
      contents: (await transform(await readFile(path, "utf8"), { loader: "css", minify: true })).code.trim(),
      loader: "text",
    })),
};

// What the second bundle takes from the first, which is always loaded before it.
const CORE = ["curve", "dom", "format", "palette", "plot", "source", "status", "ticks"];

const core = {
  name: "core",
  /** @param {import("esbuild").PluginBuild} building */
  setup: (building) => {
    building.onResolve({ filter: new RegExp(`^\\./(${CORE.join("|")})\\.js$`) }, ({ path }) => ({ path, namespace: "core" }));
    building.onLoad({ filter: /.*/, namespace: "core" }, ({ path }) => ({ contents: `module.exports = globalThis.__nbtrackCore.${path.slice(2, -3)}`, loader: "js" }));
  },
};

/** @param {string} entry @param {string} name @param {string} banner @param {import("esbuild").Plugin[]} plugins */
async function bundle(entry, name, banner, plugins) {
  const outfile = `${target}/${name}`;
  await build({
    entryPoints: [new URL(`src/${entry}`, import.meta.url).pathname],
    outfile,
    bundle: true,
    minify: true,
    format: "esm",
    target: "es2022",
    charset: "utf8",
    legalComments: "none",
    banner: { js: `/* ${banner}. Built from nbtrack/widgets/js. */` },
    plugins: [styles, ...plugins],
  });
  const { size } = await stat(outfile);
  console.log(`${outfile}: ${size.toLocaleString("en")} bytes`);
  if (size > LIMIT) throw new Error(`the bundle is larger than ${LIMIT.toLocaleString("en")} bytes`);
}

await bundle("main.js", "nbtrack.js", "nbtrack", []);
await bundle("tables.js", "tables.js", "nbtrack's tables and comparisons", [core]);
