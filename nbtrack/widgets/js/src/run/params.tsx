// The params of a run.
import { Name } from "../ui/name";

export function Params({ params }: { params: readonly (readonly [key: string, value: string])[] }) {
  return (
    <dl class="nbt-params">
      {params.map(([key, value]) => (
        <div key={key}>
          <dt>
            <Name of={key} most={40} />
          </dt>
          <dd>
            <Name of={value} />
          </dd>
        </div>
      ))}
    </dl>
  );
}
