import { get } from "../api/client";
import type { List, Queue } from "../api/types";
import { number } from "../format";
import { useResource } from "../parts/hooks";
import { Empty, Failure, Loading, PageHead, When } from "../parts/ui";
import { Fact } from "./store";

const POLL_MS = 3000;
const WORDS: Record<string, string> = {
  embed: "Files to read and embed",
  slow: "Files that take long to read",
  work: "Batches, cancels and clean-up",
  deliver: "Webhooks to send",
  erase: "Histories to erase",
};

export function QueuesPage() {
  const found = useResource(
    (signal) => get<List<Queue>>("/organization/queues", {}, signal),
    [],
    () => POLL_MS,
  );
  return (
    <>
      <PageHead title="Queues" lead="What waits to be done, in the whole deployment." />
      {found.error && <Failure error={found.error} retry={found.refresh} />}
      {!found.data && !found.error && <Loading />}
      {found.data && !found.data.data.length && <Empty title="There are no queues" icon="queue" />}
      <div class="queue-grid">
        {found.data?.data.map((queue) => (
          <section class="card queue" key={queue.id} aria-label={queue.id}>
            <h2>{queue.id}</h2>
            <p class="hint">{WORDS[queue.id] ?? ""}</p>
            <p class="big">
              {number(queue.waiting)}
              <span class="muted"> waiting</span>
            </p>
            <dl class="facts">
              <Fact name="In progress" value={number(queue.in_progress)} />
              <Fact name="Later" value={number(queue.delayed)} />
              <Fact name="Oldest" value={queue.oldest_at === null ? "–" : <When at={queue.oldest_at} />} />
            </dl>
          </section>
        ))}
      </div>
    </>
  );
}
