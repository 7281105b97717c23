// A choice among few.
import { h } from "./dom";

export type Option = readonly [value: string, label: string];

interface Props {
  label: string;
  options: readonly Option[];
  value: string;
  onChange: (value: string) => void;
}

export function Choice({ label, options, value, onChange }: Props) {
  return (
    <select aria-label={label} value={value} onChange={(e) => onChange(e.currentTarget.value)}>
      {options.map(([own, shown]) => (
        <option key={own} value={own} selected={own === value}>
          {shown}
        </option>
      ))}
    </select>
  );
}

/** The same as an element, for what is drawn without components. */
export function choice(options: readonly Option[], value: string, onChange: (value: string) => void, label: string) {
  const made = options.map(([own, shown]) => h("option", { value: own }, shown));
  const el: HTMLSelectElement = h("select", { "aria-label": label, onchange: () => onChange(el.value) }, made);
  el.value = value;
  return el;
}
