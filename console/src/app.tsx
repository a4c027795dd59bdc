// The frame of the console: who is logged in, where to go, and the page of the address.

import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { ApiError, ask } from "./api/client";
import type { Caller } from "./api/types";
import { DocumentPage } from "./pages/document";
import { KeysPage } from "./pages/keys";
import { LoginPage } from "./pages/login";
import { QueuesPage } from "./pages/queues";
import { SearchPage } from "./pages/search";
import { StorePage } from "./pages/store";
import { StoresPage } from "./pages/stores";
import { UsagePage } from "./pages/usage";
import { Icon } from "./parts/icons";
import { Button, Failure, Loading, PageHead } from "./parts/ui";
import { dismiss, notices } from "./state/notices";
import { href, isId, route } from "./state/route";
import { caller, isAdmin, session, signOut } from "./state/session";
import { theme, type Theme } from "./state/theme";

const PLACES = [
  { name: "stores", label: "Stores", icon: "stack", admin: false, everywhere: false },
  { name: "search", label: "Search", icon: "search", admin: false, everywhere: false },
  { name: "usage", label: "Usage", icon: "chart", admin: false, everywhere: false },
  { name: "keys", label: "Keys", icon: "key", admin: true, everywhere: false },
  { name: "queues", label: "Queues", icon: "queue", admin: true, everywhere: true },
];

export function App() {
  const [failure, setFailure] = useState<ApiError | null>(null);
  const [asked, setAsked] = useState(false);
  async function begin(): Promise<void> {
    setFailure(null);
    try {
      caller.value = await ask<Caller>("/whoami");
    } catch (error) {
      const refused = error instanceof ApiError && error.status === 401;
      if (refused) signOut(session.value.key ? error.message : "");
      else setFailure(error instanceof ApiError ? error : new ApiError(0, String(error)));
    }
    setAsked(true);
  }
  useEffect(() => void begin(), []);
  return (
    <>
      {failure ? (
        <main class="alone">
          <Failure error={failure} retry={() => void begin()} />
        </main>
      ) : caller.value ? (
        <Frame>
          <Page />
        </Frame>
      ) : asked ? (
        <LoginPage />
      ) : (
        <main class="alone">
          <Loading />
        </main>
      )}
      <Notices />
    </>
  );
}

function Page() {
  const [place = "stores", id, section, sub] = route.value.parts;
  if ((id && !isId(id)) || (sub && !isId(sub))) return <NoPage />;
  switch (place) {
    case "stores":
      if (!id) return <StoresPage />;
      if (section === "files" && sub) return <DocumentPage key={`${id}/${sub}`} store={id} file={sub} />;
      return <StorePage key={id} store={id} section={section ?? "files"} />;
    case "search":
      return <SearchPage />;
    case "usage":
      return <UsagePage />;
    case "keys":
      return <KeysPage />;
    case "queues":
      return <QueuesPage />;
    default:
      return <NoPage />;
  }
}

function NoPage() {
  return (
    <>
      <PageHead title="There is no such page" />
      <a href={href(["stores"])}>Go to the stores</a>
    </>
  );
}

function Frame({ children }: { children: ComponentChildren }) {
  const main = useRef<HTMLElement>(null);
  const first = useRef(true);
  const place = route.value.parts[0] ?? "stores";
  const page = route.value.parts.join("/");
  // A new page takes the focus to its heading, as a page load would; the first one leaves it at the top.
  useEffect(() => {
    if (first.current) first.current = false;
    else {
      main.current?.querySelector<HTMLElement>("h1")?.focus({ preventScroll: true });
      window.scrollTo(0, 0);
    }
  }, [page]);
  const who = caller.value;
  return (
    <div class="frame">
      <a
        class="skip"
        href="#main"
        onClick={(event) => {
          event.preventDefault();
          main.current?.focus();
        }}
      >
        Skip to the content
      </a>
      <header class="side">
        <a class="brand" href={href(["stores"])}>
          <span class="mark" aria-hidden="true">
            <Icon name="stack" />
          </span>
          Vectorlog
        </a>
        <nav aria-label="Main">
          {PLACES.filter((each) => (!each.admin || isAdmin.value) && (!each.everywhere || who?.all_projects)).map((each) => (
            <a key={each.name} href={href([each.name])} aria-current={each.name === place ? "page" : undefined}>
              <Icon name={each.icon} />
              <span>{each.label}</span>
            </a>
          ))}
        </nav>
        <div class="who">
          <p>
            <strong>{who?.project_id}</strong>
            <span class="muted small">
              {who?.user_id ? `as ${who.user_id} · ` : ""}
              {who?.key_required ? `${who.scope} key` : "no key needed"}
            </span>
          </p>
          <div class="who-actions">
            <ThemeSwitch />
            {(who?.key_required || session.value.user) && (
              <Button kind="quiet" label="Sign out" onClick={() => signOut()}>
                <Icon name="out" />
              </Button>
            )}
          </div>
        </div>
      </header>
      <main id="main" ref={main} tabIndex={-1}>
        {children}
      </main>
    </div>
  );
}

const NEXT: Record<Theme, Theme> = { system: "light", light: "dark", dark: "system" };

function ThemeSwitch() {
  return (
    <Button
      kind="quiet"
      label={`Colours: ${theme.value}. Change to ${NEXT[theme.value]}`}
      onClick={() => (theme.value = NEXT[theme.value])}
    >
      <Icon name="sun" />
    </Button>
  );
}

function Notices() {
  return (
    <div class="notices" aria-live="polite" role="status">
      {notices.value.map((notice) => (
        <div key={notice.id} class={`notice ${notice.kind}`}>
          <p>{notice.text}</p>
          <button class="icon-button" type="button" aria-label="Dismiss" onClick={() => dismiss(notice.id)}>
            <Icon name="close" />
          </button>
        </div>
      ))}
    </div>
  );
}
