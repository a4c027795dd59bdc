// In which order a list is shown. The address has it, so that a link and the way back keep it.

import { route, setQuery } from "../state/route";

export type Order = "asc" | "desc";

export function order(): Order {
  return route.value.query.get("order") === "asc" ? "asc" : "desc";
}

export function OrderChoice() {
  return (
    <label class="inline">
      Order
      <select value={order()} onChange={(event) => setQuery({ order: event.currentTarget.value })}>
        <option value="desc">Newest first</option>
        <option value="asc">Oldest first</option>
      </select>
    </label>
  );
}
