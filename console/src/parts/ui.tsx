// The building blocks of every page.

import type { ComponentChildren, JSX } from "preact";
import { useEffect, useId, useRef, useState } from "preact/hooks";
import type { ApiError } from "../api/client";
import { ago, STATUS, time } from "../format";
import { notify } from "../state/notices";
import { Icon } from "./icons";

export function Button(props: {
  children: ComponentChildren;
  kind?: "primary" | "plain" | "quiet" | "danger";
  onClick?: (event: MouseEvent) => void;
  type?: "button" | "submit";
  disabled?: boolean;
  label?: string;
}) {
  const { children, kind = "plain", onClick, type = "button", disabled = false, label } = props;
  return (
    <button class={`button ${kind}`} type={type} disabled={disabled} aria-label={label} title={label} onClick={onClick}>
      {children}
    </button>
  );
}

export function Status({ status }: { status: string }) {
  return (
    <span class={`pill ${status}`}>
      <span class="dot" aria-hidden="true" />
      {STATUS[status] ?? status}
    </span>
  );
}

export function When({ at }: { at: number | null }) {
  if (at === null) return <span class="muted">never</span>;
  return (
    <time dateTime={new Date(at * 1000).toISOString()} title={time(at)}>
      {ago(at)}
    </time>
  );
}

export function Id({ id }: { id: string }) {
  async function copy(): Promise<void> {
    try {
      await navigator.clipboard.writeText(id);
      notify("done", `Copied ${id}`);
    } catch {
      notify("failed", "The browser did not allow copying. Select the id instead.");
    }
  }
  return (
    <span class="id">
      <code>{id}</code>
      <button class="icon-button" type="button" aria-label={`Copy ${id}`} onClick={() => void copy()}>
        <Icon name="copy" />
      </button>
    </span>
  );
}

export function Empty(props: { title: string; children?: ComponentChildren; icon?: string }) {
  return (
    <div class="empty">
      <Icon name={props.icon ?? "stack"} />
      <h2>{props.title}</h2>
      {props.children}
    </div>
  );
}

export function Failure({ error, retry }: { error: ApiError; retry?: () => void }) {
  return (
    <div class="failure" role="alert">
      <p>{error.message}</p>
      {error.requestId && <p class="muted small">Request {error.requestId}</p>}
      {retry && <Button onClick={retry}>Try again</Button>}
    </div>
  );
}

export function Loading({ what = "Loading" }: { what?: string }) {
  return (
    <p class="loading" role="status">
      <span class="spinner" aria-hidden="true" />
      {what}…
    </p>
  );
}

export function Progress({ value, label }: { value: number; label: string }) {
  return (
    <progress max={100} value={value} aria-label={label}>
      {value} %
    </progress>
  );
}

export function Field(props: { label: string; hint?: string; error?: string; children: (id: string) => JSX.Element }) {
  const id = useId();
  return (
    <div class="field">
      <label for={id}>{props.label}</label>
      {props.children(id)}
      {props.hint && <p class="hint">{props.hint}</p>}
      {props.error && (
        <p class="field-error" role="alert">
          {props.error}
        </p>
      )}
    </div>
  );
}

/** A dialog of the browser's own: it keeps the focus, and Escape closes it. */
export function Dialog(props: { title: string; onClose: () => void; children: ComponentChildren; wide?: boolean }) {
  const ref = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    const opener = document.activeElement;
    ref.current?.showModal();
    return () => (opener instanceof HTMLElement ? opener.focus() : undefined);
  }, []);
  return (
    <dialog
      ref={ref}
      class={props.wide ? "wide" : ""}
      aria-labelledby={id}
      onClose={props.onClose}
      onClick={(event) => event.target === ref.current && props.onClose()}
    >
      <div class="dialog-body">
        <header>
          <h2 id={id}>{props.title}</h2>
          <button class="icon-button" type="button" aria-label="Close" onClick={props.onClose}>
            <Icon name="close" />
          </button>
        </header>
        {props.children}
      </div>
    </dialog>
  );
}

export function Confirm(props: {
  title: string;
  action: string;
  children: ComponentChildren;
  onConfirm: () => Promise<unknown>;
  onClose: () => void;
}) {
  const [busy, setBusy] = useState(false);
  async function confirm(): Promise<void> {
    setBusy(true);
    await props.onConfirm();
    setBusy(false);
    props.onClose();
  }
  return (
    <Dialog title={props.title} onClose={props.onClose}>
      {props.children}
      <footer>
        <Button onClick={props.onClose}>Cancel</Button>
        <Button kind="danger" disabled={busy} onClick={() => void confirm()}>
          {props.action}
        </Button>
      </footer>
    </Dialog>
  );
}

export function Tabs({ tabs, current }: { tabs: { name: string; href: string; label: string }[]; current: string }) {
  return (
    <nav class="tabs" aria-label="Sections">
      {tabs.map((tab) => (
        <a key={tab.name} href={tab.href} aria-current={tab.name === current ? "page" : undefined}>
          {tab.label}
        </a>
      ))}
    </nav>
  );
}

export function PageHead(props: { title: string; lead?: ComponentChildren; children?: ComponentChildren }) {
  const ref = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = `${props.title} · Vectorlog`;
  }, [props.title]);
  return (
    <header class="page-head">
      <div>
        <h1 ref={ref} tabIndex={-1}>
          {props.title}
        </h1>
        {props.lead && <div class="lead">{props.lead}</div>}
      </div>
      {props.children && <div class="actions">{props.children}</div>}
    </header>
  );
}
