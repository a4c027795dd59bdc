// The key and end user of this tab. They are in sessionStorage, so they end with the tab and no other origin sees them.

import { computed, signal } from "@preact/signals";
import type { Caller } from "../api/types";

export interface Session {
  key: string | null;
  user: string | null;
}

const STORED = "vectorlog.session";
const EMPTY: Session = { key: null, user: null };

function stored(): Session {
  try {
    return { ...EMPTY, ...(JSON.parse(sessionStorage.getItem(STORED) ?? "{}") as Partial<Session>) };
  } catch {
    return EMPTY;
  }
}

export const session = signal<Session>(stored());
/** Who the server says we are; null before it has, and when nobody is logged in. */
export const caller = signal<Caller | null>(null);
/** Why the log-in page is shown, for the user. */
export const signedOutBecause = signal("");
export const isAdmin = computed(() => caller.value?.scope === "admin");
export const canWrite = computed(() => caller.value !== null && caller.value.scope !== "read");

export function keep(next: Session): void {
  session.value = next;
  sessionStorage.setItem(STORED, JSON.stringify(next));
}

const endings: (() => void)[] = [];

/** Has something done when the user logs out: what goes on would go on under the next key. */
export function atSignOut(end: () => void): void {
  endings.push(end);
}

export function signOut(because = ""): void {
  for (const end of endings) end();
  sessionStorage.removeItem(STORED);
  session.value = EMPTY;
  caller.value = null;
  signedOutBecause.value = because;
}
