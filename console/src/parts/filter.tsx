// Builds a filter of a search from rows: name, comparison, value.

import { scalar } from "./attributes";
import { Icon } from "./icons";
import { Button } from "./ui";

export interface Condition {
  key: string;
  type: string;
  value: string;
}

const TYPES = [
  ["eq", "is"],
  ["ne", "is not"],
  ["gt", ">"],
  ["gte", "≥"],
  ["lt", "<"],
  ["lte", "≤"],
  ["in", "is one of"],
  ["nin", "is none of"],
] as const;

/** The filter in the form of the API; null without conditions. Values of a list are separated by commas. */
export function filterOf(conditions: Condition[], any: boolean): unknown {
  const made = conditions
    .filter((each) => each.key.trim())
    .map(({ key, type, value }) => ({
      type,
      key: key.trim(),
      value: type === "in" || type === "nin" ? value.split(",").map((each) => scalar(each.trim())) : scalar(value),
    }));
  if (made.length < 2) return made[0] ?? null;
  return { type: any ? "or" : "and", filters: made };
}

export function FilterRows(props: {
  conditions: Condition[];
  any: boolean;
  onChange: (conditions: Condition[], any: boolean) => void;
}) {
  const { conditions, any, onChange } = props;
  const change = (at: number, changed: Partial<Condition>) =>
    onChange(
      conditions.map((each, number) => (number === at ? { ...each, ...changed } : each)),
      any,
    );
  return (
    <fieldset>
      <legend>Filters</legend>
      {conditions.length > 1 && (
        <label class="inline">
          Match
          <select value={any ? "any" : "all"} onChange={(e) => onChange(conditions, e.currentTarget.value === "any")}>
            <option value="all">all conditions</option>
            <option value="any">any condition</option>
          </select>
        </label>
      )}
      {conditions.map((each, at) => (
        <div class="condition" key={at}>
          <input aria-label={`Attribute of condition ${at + 1}`} placeholder="Attribute" value={each.key} onInput={(e) => change(at, { key: e.currentTarget.value })} />
          <select aria-label={`Comparison of condition ${at + 1}`} value={each.type} onChange={(e) => change(at, { type: e.currentTarget.value })}>
            {TYPES.map(([type, label]) => (
              <option key={type} value={type}>
                {label}
              </option>
            ))}
          </select>
          <input aria-label={`Value of condition ${at + 1}`} placeholder={each.type.endsWith("in") ? "a, b" : "Value"} value={each.value} onInput={(e) => change(at, { value: e.currentTarget.value })} />
          <Button kind="quiet" label={`Remove condition ${at + 1}`} onClick={() => onChange(conditions.filter((_, number) => number !== at), any)}>
            <Icon name="close" />
          </Button>
        </div>
      ))}
      <Button onClick={() => onChange([...conditions, { key: "", type: "eq", value: "" }], any)}>
        <Icon name="plus" />
        Add a condition
      </Button>
    </fieldset>
  );
}
