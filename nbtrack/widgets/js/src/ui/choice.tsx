// A choice among few.
import { Component } from "preact";
export type Option = readonly [value: string, label: string];

interface Props {
  label: string;
  options: readonly Option[];
  value: string;
  onChange: (value: string) => void;
}

export class Choice extends Component<Props> {
  // There may be hundreds of options, and a frame ten times a second changes none of them.
  override shouldComponentUpdate({ value, options }: Props): boolean {
    const { value: shown, options: known } = this.props;
    return value !== shown || options.length !== known.length || options.some((own, i) => `${own}` !== `${known[i]}`);
  }

  override render({ label, options, value }: Props) {
    return (
      <select aria-label={label} value={value} onChange={(e) => this.props.onChange(e.currentTarget.value)}>
        {options.map(([own, shown]) => (
          <option key={own} value={own}>
            {shown}
          </option>
        ))}
      </select>
    );
  }
}
