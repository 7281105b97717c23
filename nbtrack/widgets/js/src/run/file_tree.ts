// Files as a tree of folders, and images of one name in the order of their steps.
import type { FileEntry } from "./files_protocol";

export interface Node {
  name: string;
  path: string;
  size: number;
  /** What is in a folder; null for a file. */
  children: Node[] | null;
}

const STEP = /^(.*?)[_%+-]*step[_%+-]*(\d+)/;

/** Paths as a tree: folders first, each with the size of what is in it. */
export function tree(files: readonly FileEntry[]): Node[] {
  const top: Node[] = [];
  for (const { path, size } of files) {
    const parts = path.split("/");
    let nodes = top;
    for (const i of parts.keys()) {
      const node = found(nodes, parts, i);
      node.size += size;
      nodes = node.children ?? nodes;
    }
  }
  return sorted(top);
}

function found(nodes: Node[], parts: string[], i: number): Node {
  const name = parts[i]!;
  const isFolder = i < parts.length - 1;
  const known = nodes.find((each) => each.name === name && Boolean(each.children) === isFolder);
  if (known) return known;
  const made = { name, path: parts.slice(0, i + 1).join("/"), size: 0, children: isFolder ? [] : null };
  nodes.push(made);
  return made;
}

function sorted(nodes: Node[]): Node[] {
  nodes.sort((a, b) => Number(!a.children) - Number(!b.children) || (a.name < b.name ? -1 : 1));
  for (const { children } of nodes) if (children) sorted(children);
  return nodes;
}

/** The images that were logged under one name at several steps, in their order. */
export function steps(paths: readonly string[], path: string): { path: string; step: number }[] {
  const name = STEP.exec(path)?.[1];
  if (name === undefined) return [];
  const all = paths.map((each) => ({ path: each, match: STEP.exec(each) }));
  return all
    .filter(({ match }) => match?.[1] === name)
    .map(({ path: each, match }) => ({ path: each, step: Number(match?.[2]) }))
    .sort((a, b) => a.step - b.step);
}
