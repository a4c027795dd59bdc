import { useEffect, useState } from "preact/hooks";
import { ApiError, ask } from "../api/client";
import type { Caller } from "../api/types";
import { Icon } from "../parts/icons";
import { Button, Field } from "../parts/ui";
import { caller, keep, session, signedOutBecause, signOut } from "../state/session";

export function LoginPage() {
  const [key, setKey] = useState("");
  const [user, setUser] = useState("");
  const [error, setError] = useState(signedOutBecause.value);
  const [busy, setBusy] = useState(false);
  useEffect(() => void (document.title = "Log in · Vectorlog"), []);

  async function submit(event: Event): Promise<void> {
    event.preventDefault();
    if (!key.trim()) return setError("Enter a key.");
    setBusy(true);
    session.value = { key: key.trim(), user: user.trim() || null };
    try {
      const found = await ask<Caller>("/whoami");
      keep(session.value);
      caller.value = found;
    } catch (failure) {
      signOut();
      setError(failure instanceof ApiError ? failure.message : String(failure));
    }
    setBusy(false);
  }

  return (
    <main class="alone login">
      <form onSubmit={(event) => void submit(event)}>
        <span class="mark" aria-hidden="true">
          <Icon name="stack" />
        </span>
        <h1>Log in to Vectorlog</h1>
        <p class="muted">The key stays in this tab, and is forgotten when you close it.</p>
        <Field label="API key" error={error}>
          {(id) => (
            <input
              id={id}
              type="password"
              autocomplete="off"
              spellcheck={false}
              placeholder="vlk_…"
              value={key}
              aria-invalid={error ? true : undefined}
              onInput={(event) => setKey(event.currentTarget.value)}
            />
          )}
        </Field>
        <details>
          <summary>Act for an end user</summary>
          <Field label="End user" hint="Sent as X-On-Behalf-Of. You see what this person sees.">
            {(id) => (
              <input id={id} autocomplete="off" value={user} onInput={(event) => setUser(event.currentTarget.value)} />
            )}
          </Field>
        </details>
        <Button kind="primary" type="submit" disabled={busy}>
          {busy ? "Checking…" : "Log in"}
        </Button>
        <p class="muted small">
          No key yet? Run <code>vectorlog keys create</code> where the server runs.
        </p>
      </form>
    </main>
  );
}
