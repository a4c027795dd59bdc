// Short messages at the edge of the page, which are read out too.

import { signal } from "@preact/signals";

export interface Notice {
  id: number;
  kind: "done" | "failed";
  text: string;
}

const SHOWN_MS = 6000;
let next = 1;
export const notices = signal<Notice[]>([]);

export function notify(kind: Notice["kind"], text: string): void {
  const notice = { id: next++, kind, text };
  notices.value = [...notices.value, notice].slice(-4);
  if (kind === "done") setTimeout(() => dismiss(notice.id), SHOWN_MS);
}

export function dismiss(id: number): void {
  notices.value = notices.value.filter((each) => each.id !== id);
}

/** Runs an action of the user, and tells how it ended. Returns whether it worked. */
export async function act(action: () => Promise<unknown>, done?: string): Promise<boolean> {
  try {
    await action();
    if (done) notify("done", done);
    return true;
  } catch (error) {
    notify("failed", error instanceof Error ? error.message : String(error));
    return false;
  }
}
