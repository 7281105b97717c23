// A choice with a word before it.
import type { ComponentProps } from "preact";
import { Choice, type Option } from "../ui/choice";
import { clip } from "../ui/name";
import type { ComparisonState } from "./state";

interface Props extends ComponentProps<typeof Choice> {
  word: string;
}

export const Pick = ({ word, ...choice }: Props) => (
  // biome-ignore lint/a11y/noLabelWithoutControl: the control is Choice's
  <label>
    {word}
    <Choice {...choice} />
  </label>
);

const LONGEST = 30;

/** The runs as options, by their place. */
export const runOptions = ({ labels }: ComparisonState): Option[] =>
  labels.map((label, i) => [String(i), `${i + 1} ${clip(label, LONGEST)}`]);

/** The choice of the two runs that are side by side. */
export function Pair({ state }: { state: ComparisonState }) {
  const { left, right } = state.ui;
  const options = runOptions(state);
  return (
    <>
      <Choice label="left run" options={options} value={`${left}`} onChange={(run) => state.choose({ left: +run })} />
      <span>beside</span>
      <Choice
        label="right run"
        options={options}
        value={`${right}`}
        onChange={(run) => state.choose({ right: +run })}
      />
    </>
  );
}
