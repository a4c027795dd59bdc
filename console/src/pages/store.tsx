import { get } from "../api/client";
import type { Store } from "../api/types";
import { number, size } from "../format";
import { useResource } from "../parts/hooks";
import { Icon } from "../parts/icons";
import { Failure, Id, Loading, PageHead, Status, Tabs, When } from "../parts/ui";
import { href } from "../state/route";
import { isAdmin } from "../state/session";
import { FilesSection } from "./files";
import { HistorySection } from "./history";
import { SettingsSection } from "./settings";
import { SharingSection } from "./sharing";

const POLL_MS = 2000;

export function StorePage({ store, section }: { store: string; section: string }) {
  const found = useResource(
    (signal) => get<Store>(`/vector_stores/${store}`, {}, signal),
    [store],
    (data) => (data.file_counts.in_progress > 0 ? POLL_MS : null),
  );
  const back = (
    <a class="back" href={href(["stores"])}>
      <Icon name="back" />
      Stores
    </a>
  );
  if (found.error && !found.data) {
    return (
      <>
        {back}
        <PageHead title="Store" />
        <Failure error={found.error} retry={found.refresh} />
        {isAdmin.value && <HistorySection kind="store" store={store} />}
      </>
    );
  }
  if (!found.data) return <Loading />;
  const data = found.data;
  const tabs = [
    { name: "files", label: "Files" },
    ...(isAdmin.value ? [{ name: "history", label: "History" }] : []),
    { name: "sharing", label: "Sharing" },
    { name: "settings", label: "Settings" },
  ].map((each) => ({ ...each, href: href(["stores", store, each.name]) }));
  return (
    <>
      {back}
      <PageHead title={data.name || "Unnamed store"} lead={<Id id={store} />}>
        <a class="button" href={href(["search"], { stores: store })}>
          <Icon name="search" />
          Search
        </a>
      </PageHead>
      {data.description && <p class="description">{data.description}</p>}
      <dl class="facts">
        <Fact name="Status" value={<Status status={data.status} />} />
        <Fact name="Files" value={number(data.file_counts.total)} />
        <Fact name="Text" value={size(data.usage_bytes)} />
        <Fact name="Last search" value={<When at={data.last_used_at} />} />
        <Fact name="Created" value={<When at={data.created_at} />} />
        <Fact name="Expires" value={data.expires_at ? <When at={data.expires_at} /> : "never"} />
        <Fact name="Model" value={<span class="mono small">{data.embedding_model}</span>} />
      </dl>
      <Tabs tabs={tabs} current={section} />
      {section === "files" && <FilesSection store={data} refresh={found.refresh} />}
      {section === "history" && <HistorySection kind="store" store={store} />}
      {section === "sharing" && <SharingSection store={store} />}
      {section === "settings" && <SettingsSection store={data} onChange={found.set} />}
    </>
  );
}

export function Fact({ name, value }: { name: string; value: preact.ComponentChildren }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}
