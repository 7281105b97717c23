// How curves are drawn: what a person sets for all charts of a view.

export interface Setting<T> {
  value: T;
  onChange(value: T): void;
}

export function Smoothing({ value, onChange }: Setting<number>) {
  const input = (e: { currentTarget: HTMLInputElement }) => onChange(Number(e.currentTarget.value));
  return (
    <label>
      smooth
      <input type="range" min="0" max="0.99" step="0.01" value={value} aria-label="smoothing" onInput={input} />
    </label>
  );
}

export function Logarithmic({ value, onChange }: Setting<boolean>) {
  return (
    <label>
      <input type="checkbox" checked={value} onChange={(e) => onChange(e.currentTarget.checked)} />
      log
    </label>
  );
}
