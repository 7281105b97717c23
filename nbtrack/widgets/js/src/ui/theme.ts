// The page's theme, for what is drawn on a canvas in its colours.

const ATTRIBUTES = ["data-jp-theme-name", "data-jp-theme-light", "class"];

/** Calls a function when JupyterLab's theme changes, until what is returned is called. */
export function onTheme(changed: () => void): () => void {
  const observer = new MutationObserver(changed);
  observer.observe(document.body, { attributes: true, attributeFilter: ATTRIBUTES });
  return () => observer.disconnect();
}
