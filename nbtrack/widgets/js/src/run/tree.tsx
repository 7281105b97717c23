// The files of a run as a tree, for the mouse and for the keyboard.
import { size } from "../data/format";
import { Name } from "../ui/name";
import type { Node } from "./file_tree";

interface Shared {
  /** The folders that are not as they begin: those of the top open, the others closed. */
  toggled: Set<string>;
  /** The file that is shown. */
  path: string | undefined;
  onToggle(path: string): void;
  onShow(path: string): void;
}

interface Props extends Shared {
  node: Node;
  level: number;
}

export function Tree({ nodes, missing, ...shared }: Shared & { nodes: Node[]; missing: string }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveElementToInteractiveRole: a tree of ARIA is a list with such a role
    <ul class="nbt-tree" role="tree" aria-label="files">
      {nodes.map((node) => (
        <Item key={node.path} node={node} level={1} {...shared} />
      ))}
      {missing && <li class="nbt-dim">{missing}</li>}
    </ul>
  );
}

function Item({ node, level, ...shared }: Props) {
  const { children, path } = node;
  const isOpen = children ? shared.toggled.has(path) !== (level === 1) : undefined;
  const toggle = () => shared.onToggle(path);
  const act = () => (children ? toggle() : shared.onShow(path));
  const press = (e: MouseEvent) => {
    e.stopPropagation();
    act();
  };
  return (
    <li
      role="treeitem"
      tabIndex={level === 1 ? 0 : -1}
      data-path={children ? "" : path}
      aria-expanded={isOpen}
      aria-selected={children ? undefined : path === shared.path}
      onClick={press}
      onKeyDown={(e) => key(e, act, toggle)}
    >
      <Leaf node={node} isOpen={isOpen} />
      {children && isOpen && (
        // biome-ignore lint/a11y/useSemanticElements: a group of a tree is no fieldset
        <ul role="group">
          {children.map((each) => (
            <Item key={each.path} node={each} level={level + 1} {...shared} />
          ))}
        </ul>
      )}
    </li>
  );
}

function Leaf({ node, isOpen }: { node: Node; isOpen: boolean | undefined }) {
  return (
    <span class="nbt-leaf">
      {node.children && <span aria-hidden="true">{isOpen ? "▾ " : "▸ "}</span>}
      <Name of={node.name} most={40} />
      <span class="nbt-dim"> {size(node.size)}</span>
    </span>
  );
}

function key(e: KeyboardEvent, act: () => void, toggle: () => void): void {
  const item = e.currentTarget as HTMLElement;
  const all = [...(item.closest("[role=tree]")?.querySelectorAll<HTMLElement>("[role=treeitem]") ?? [])];
  const i = all.indexOf(item);
  const isOpen = item.ariaExpanded;
  const keys: Record<string, () => void> = {
    Enter: act,
    " ": act,
    ArrowDown: () => go(all[i + 1]),
    ArrowUp: () => go(all[i - 1]),
    Home: () => go(all[0]),
    End: () => go(all.at(-1)),
    // Into a folder, which opens first; and out of it, which closes first.
    ArrowRight: () => (isOpen === "false" ? toggle() : go(item.querySelector("[role=treeitem]"))),
    ArrowLeft: () => (isOpen === "true" ? toggle() : go(item.parentElement?.closest("[role=treeitem]"))),
  };
  const pressed = keys[e.key];
  if (!pressed) return;
  pressed();
  e.preventDefault();
  e.stopPropagation();
}

function go(to: Element | null | undefined): void {
  if (!(to instanceof HTMLElement)) return;
  to.tabIndex = 0;
  to.focus();
}
