// JSON, folded.
import { Name } from "../ui/name";

const MOST = 500;

export function Json({ value, label }: { value: unknown; label?: string }) {
  const head = label !== undefined && (
    <span class="nbt-dim">
      <Name of={label} />
      {": "}
    </span>
  );
  if (value === null || typeof value !== "object")
    return (
      <div class="nbt-json">
        {head}
        <Name of={JSON.stringify(value)} most={2000} />
      </div>
    );
  const entries = Object.entries(value);
  return (
    <details class="nbt-json" open={label === undefined}>
      <summary>
        {head}
        {Array.isArray(value) ? `[${entries.length}]` : `{${entries.length}}`}
      </summary>
      {entries.slice(0, MOST).map(([key, each]) => (
        <Json key={key} label={key} value={each} />
      ))}
    </details>
  );
}
