// Builds the stub of each widget and the two bundles that all share: `node build.js`, or `node build.js FOLDER`.
import { readFile, writeFile } from "node:fs/promises";
import { relative } from "node:path";
import { build, transform } from "esbuild";

/** What a first live view loads, and everything together, in bytes. */
const LIMITS = { first: 60_000, all: 150_000 };
const FIRST = "src/main.ts";
const SECOND = "src/tables.ts";
const here = new URL(".", import.meta.url).pathname;
// Of a minified bundle; its strings have no line that begins so.
const IMPORT = /(?<=^|[;}])import\{([^}]*)\}from"([^"]+)";/g;
const target = process.argv[2] ?? `${here}../static`;

/** @type {import("esbuild").Plugin} style sheets as strings */
const styles = {
  name: "styles",
  setup: (building) =>
    building.onLoad({ filter: /\.css$/ }, async ({ path }) => ({
      contents: (await transform(await readFile(path, "utf8"), { loader: "css", minify: true })).code.trim(),
      loader: "text",
    })),
};

/** @type {import("esbuild").BuildOptions} */
const OPTIONS = {
  absWorkingDir: here,
  bundle: true,
  minify: true,
  format: "esm",
  target: "es2022",
  charset: "utf8",
  legalComments: "none",
  metafile: true,
  write: false,
  plugins: [styles],
  // Children as arguments take less room than as a property: a kilobyte of the first bundle.
  tsconfigRaw: { compilerOptions: { jsx: "react", jsxFactory: "createElement", jsxFragmentFactory: "Fragment" } },
  inject: ["src/ui/elements.ts"],
};

/** The modules that an entry needs. @param {string} entry @returns {Promise<string[]>} */
async function modulesOf(entry) {
  const { metafile } = await build({ ...OPTIONS, entryPoints: [entry] });
  return Object.keys(metafile?.inputs ?? {}).filter((path) => !path.endsWith(".css"));
}

/** Leaves modules out of a bundle: it imports them by their path here. @param {string[]} modules */
const without = (modules) => ({
  name: "without",
  /** @param {import("esbuild").PluginBuild} building */
  setup: (building) =>
    building.onResolve({ filter: /^[./\w]/ }, async ({ path, resolveDir, kind, pluginData }) => {
      // Asked for by this very function.
      if (pluginData === without || kind === "entry-point") return null;
      const found = await building.resolve(path, { resolveDir, kind, pluginData: without });
      const own = relative(here, found.path);
      return modules.includes(own) ? { path: own, external: true } : null;
    }),
});

/** The second bundle, and the names that it imports of each module of the first. @param {string[]} modules */
async function second(modules) {
  const { outputFiles } = await build({ ...OPTIONS, entryPoints: [SECOND], plugins: [styles, without(modules)] });
  /** @type {Record<string, Set<string>>} */
  const names = {};
  const code = (outputFiles?.[0]?.text ?? "").replace(IMPORT, (_, imported, path) => {
    names[path] ??= new Set();
    for (const each of imported.split(",")) names[path].add(each.split(" as ")[0]);
    return `const{${imported.replaceAll(" as ", ":")}}=globalThis.__nbtrackCore["${path}"];`;
  });
  if (/(^|[;}])import\b/.test(code)) throw new Error("the second bundle has an import that no page can resolve");
  return { code, names: Object.entries(names).sort() };
}

/** The first bundle, which also hands to the second what it imports. @param {[path: string, names: Set<string>][]} given */
async function first(given) {
  const lines = [`export { default } from "./${FIRST}";`];
  const modules = given.map(([path, names], i) => {
    const own = [...names].sort().map((name) => [name, `${name}${i}`]);
    lines.push(`import { ${own.map(([name, local]) => `${name} as ${local}`).join(", ")} } from "./${path}";`);
    return `"${path}": { ${own.map(([name, local]) => `${name}: ${local}`).join(", ")} }`;
  });
  lines.push(`globalThis.__nbtrackCore = { ${modules.join(", ")} };`);
  const { outputFiles } = await build({ ...OPTIONS, stdin: { contents: lines.join("\n"), resolveDir: here } });
  return outputFiles?.[0]?.text ?? "";
}

/** @param {string} name @param {string} title @param {string} code @returns {Promise<number>} how many bytes it has */
async function write(name, title, code) {
  const text = `/* ${title}. Built from nbtrack/widgets/js. */\n${code}`;
  await writeFile(`${target}/${name}`, text);
  const bytes = Buffer.byteLength(text);
  console.log(`${name}: ${bytes.toLocaleString("en")} bytes`);
  return bytes;
}

const needed = new Set(await modulesOf(SECOND));
const shared = (await modulesOf(FIRST)).filter((path) => needed.has(path));
const { code, names } = await second(shared);
const { outputFiles: stub } = await build({ ...OPTIONS, entryPoints: ["src/stub.ts"], inject: [] });
const least =
  (await write("stub.js", "nbtrack", stub?.[0]?.text ?? "")) +
  (await write("nbtrack.js", "nbtrack", await first(names)));
const all = least + (await write("tables.js", "nbtrack's tables and comparisons", code));
if (least > LIMITS.first) throw new Error(`what a first view loads is larger than ${LIMITS.first} bytes`);
if (all > LIMITS.all) throw new Error(`all together is larger than ${LIMITS.all} bytes`);
