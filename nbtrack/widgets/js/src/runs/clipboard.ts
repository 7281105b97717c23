// Strings for the clipboard.
import { h } from "../ui/dom";

export async function copyString(value: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(value);
  } catch {
    copyFromField(value);
  }
}

// Where a page may not write to the clipboard, or is not served over HTTPS.
function copyFromField(value: string): void {
  const field = h("textarea", { value, style: { position: "fixed", opacity: "0" } });
  document.body.append(field);
  field.select();
  document.execCommand("copy");
  field.remove();
}
