// A long list as a table of rows, of which only those near the window are in the page.

import type { ComponentChildren } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { Pages } from "./hooks";
import { useWindowRows } from "./hooks";
import { Failure, Loading } from "./ui";

interface Column {
  name: string;
  label: string;
}

/**
 * Rows are fetched page by page as they are scrolled to. Arrow keys, Home and End move between the rows' links.
 */
export function Rows<T extends { id: string }>(props: {
  label: string;
  columns: Column[];
  pages: Pages<T>;
  height: number;
  total?: number;
  empty: ComponentChildren;
  row: (item: T) => ComponentChildren[];
  className: string;
  onVisible?: (items: T[]) => void;
}) {
  const { pages, columns } = props;
  const list = useRef<HTMLDivElement>(null);
  const [top, setTop] = useState(0);
  useLayoutEffect(() => {
    const offset = (list.current?.getBoundingClientRect().top ?? 0) + window.scrollY;
    if (Math.abs(offset - top) > 1) setTop(offset);
  });
  const rows = useWindowRows(pages.items.length, props.height, top);
  const shown = rows.getVirtualItems();
  const last = shown[shown.length - 1]?.index ?? -1;
  useEffect(() => {
    if (last >= pages.items.length - 30 && pages.more && !pages.loading) pages.loadMore();
  }, [last, pages.items.length, pages.more, pages.loading]);
  const visible = shown.map((each) => pages.items[each.index]?.id).join();
  useEffect(() => {
    props.onVisible?.(shown.flatMap((each) => pages.items[each.index] ?? []));
  }, [visible]);

  function onKeyDown(event: KeyboardEvent): void {
    const row = (event.target as HTMLElement).closest<HTMLElement>("[data-index]");
    const steps: Record<string, number> = { ArrowDown: 1, ArrowUp: -1, Home: -Infinity, End: Infinity };
    const step = steps[event.key];
    if (!row || step === undefined || !(event.target as HTMLElement).matches("a")) return;
    event.preventDefault();
    const to = Math.max(0, Math.min(pages.items.length - 1, Number(row.dataset["index"]) + step));
    rows.scrollToIndex(to);
    const focus = (tries: number): void => {
      const link = list.current?.querySelector<HTMLElement>(`[data-index="${to}"] a`);
      if (link) link.focus({ preventScroll: true });
      else if (tries > 0) requestAnimationFrame(() => focus(tries - 1));
    };
    focus(10);
  }

  if (pages.error) return <Failure error={pages.error} retry={pages.refresh} />;
  if (!pages.items.length) return pages.loading ? <Loading /> : <>{props.empty}</>;
  return (
    <>
    <div
      class={`table ${props.className}`}
      role="table"
      aria-label={props.label}
      aria-rowcount={(props.total ?? (pages.more ? -1 : pages.items.length)) + (props.total || !pages.more ? 1 : 0)}
      onKeyDown={onKeyDown}
    >
      <div role="rowgroup" class="table-head">
        <div role="row" class="row" aria-rowindex={1}>
          {columns.map((column) => (
            <div role="columnheader" class={`cell ${column.name}`} key={column.name}>
              {column.label}
            </div>
          ))}
        </div>
      </div>
      <div role="rowgroup" ref={list} class="table-body" style={{ height: `${rows.getTotalSize()}px` }}>
        {shown.map((each) => {
          const item = pages.items[each.index];
          if (!item) return null;
          const cells = props.row(item);
          return (
            <div
              role="row"
              class="row"
              key={item.id}
              data-index={each.index}
              aria-rowindex={each.index + 2}
              ref={rows.measureElement}
              style={{ transform: `translateY(${each.start - rows.options.scrollMargin}px)` }}
            >
              {columns.map((column, number) => (
                <div role="cell" class={`cell ${column.name}`} key={column.name}>
                  {cells[number]}
                </div>
              ))}
            </div>
          );
        })}
      </div>
    </div>
    <p class="table-foot muted small" role="status">
      {pages.loading ? "Loading more…" : ""}
    </p>
    </>
  );
}
