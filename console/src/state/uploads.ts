// Files that this tab is sending: each is uploaded, and then attached to its store. They go on while pages change.

import { signal } from "@preact/signals";
import { ApiError, post } from "../api/client";
import type { StoreFile } from "../api/types";
import { upload } from "../api/upload";
import { atSignOut } from "./session";

export interface Sending {
  id: number;
  store: string;
  file: File;
  sent: number;
  state: "waiting" | "sending" | "attaching" | "done" | "failed";
  error: string;
  controller: AbortController;
}

const AT_ONCE = 3;
let next = 1;
let running = 0;

export const sendings = signal<Sending[]>([]);
/** Grows with each file that was attached, so that lists show it. */
export const attached = signal(0);

function change(id: number, changed: Partial<Sending>): void {
  sendings.value = sendings.value.map((each) => (each.id === id ? { ...each, ...changed } : each));
}

export function send(store: string, files: File[]): void {
  const added = files.map<Sending>((file) => ({
    id: next++,
    store,
    file,
    sent: 0,
    state: "waiting",
    error: "",
    controller: new AbortController(),
  }));
  sendings.value = [...sendings.value, ...added];
  for (let each = 0; each < AT_ONCE; each++) void run();
}

async function run(): Promise<void> {
  if (running >= AT_ONCE) return;
  running++;
  try {
    for (let each = waiting(); each; each = waiting()) await one(each);
  } finally {
    running--;
  }
}

atSignOut(() => {
  for (const each of sendings.value) each.controller.abort();
  sendings.value = [];
});

const waiting = (): Sending | undefined => sendings.value.find((each) => each.state === "waiting");

async function one(sending: Sending): Promise<void> {
  const { id, store, file, controller } = sending;
  change(id, { state: "sending" });
  try {
    const uploaded = await upload(file, { onProgress: (sent) => change(id, { sent }), signal: controller.signal });
    change(id, { state: "attaching", sent: file.size });
    await post<StoreFile>(`/vector_stores/${store}/files`, { file_id: uploaded.id }, controller.signal);
    change(id, { state: "done" });
    attached.value++;
  } catch (error) {
    change(id, { state: "failed", error: error instanceof ApiError ? error.message : String(error) });
  }
}

export function again(sending: Sending): void {
  change(sending.id, { state: "waiting", sent: 0, error: "", controller: new AbortController() });
  void run();
}

export function forget(sending: Sending): void {
  sending.controller.abort();
  sendings.value = sendings.value.filter((each) => each.id !== sending.id);
}

export function forgetDone(store: string): void {
  sendings.value = sendings.value.filter((each) => each.store !== store || each.state !== "done");
}

addEventListener("beforeunload", (event) => {
  if (sendings.value.some((each) => !["done", "failed"].includes(each.state))) event.preventDefault();
});
