import { useState } from "preact/hooks";
import { get } from "../api/client";
import type { UsageBucket } from "../api/types";
import { day, size } from "../format";
import { useResource } from "../parts/hooks";
import { Failure, Loading, PageHead } from "../parts/ui";

const DAY = 86400;
const PAGE = 31;
const HEIGHT = 160;

interface Report {
  data: UsageBucket[];
  has_more: boolean;
  next_page: string | null;
}

async function report(path: string, days: number, signal: AbortSignal): Promise<[number, number][]> {
  const today = Math.floor(Date.now() / 1000 / DAY) * DAY;
  const found: [number, number][] = [];
  let page: string | null = null;
  do {
    const query: Record<string, string | number | null> = { start_time: today - (days - 1) * DAY, limit: PAGE, page };
    const answer: Report = await get<Report>(path, query, signal);
    for (const bucket of answer.data) {
      found.push([bucket.start_time, bucket.results.reduce((sum, each) => sum + each.usage_bytes, 0)]);
    }
    page = answer.has_more ? answer.next_page : null;
  } while (page);
  return found;
}

export function UsagePage() {
  const [days, setDays] = useState(30);
  return (
    <>
      <PageHead title="Usage" lead="Bytes by day, in UTC." />
      <div class="toolbar">
        <div class="segments" role="group" aria-label="Days">
          {[7, 30, 90].map((each) => (
            <button key={each} type="button" aria-pressed={days === each} onClick={() => setDays(each)}>
              {each} days
            </button>
          ))}
        </div>
      </div>
      <Chart title="Text in stores" note="At the end of each day." path="/usage/vector_stores" days={days} last />
      <Chart title="Uploads" note="Files that were uploaded on each day." path="/usage/files" days={days} />
    </>
  );
}

function Chart(props: { title: string; note: string; path: string; days: number; last?: boolean }) {
  const found = useResource((signal) => report(props.path, props.days, signal), [props.path, props.days]);
  if (found.error) return <Failure error={found.error} retry={found.refresh} />;
  if (!found.data) return <Loading />;
  const points = found.data;
  const most = Math.max(1, ...points.map(([, bytes]) => bytes));
  const sum = props.last
    ? (points[points.length - 1]?.[1] ?? 0)
    : points.reduce((total, [, bytes]) => total + bytes, 0);
  const width = 100 / Math.max(1, points.length);
  return (
    <section class="card chart" aria-label={props.title}>
      <header>
        <h2>{props.title}</h2>
        <strong>{size(sum)}</strong>
      </header>
      <p class="hint">{props.note}</p>
      <svg viewBox={`0 0 100 ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true">
        {points.map(([start, bytes], at) => {
          const height = (bytes / most) * (HEIGHT - 4);
          return (
            <rect key={start} x={at * width + width * 0.12} y={HEIGHT - height} width={width * 0.76} height={height}>
              <title>{`${day(start)}: ${size(bytes)}`}</title>
            </rect>
          );
        })}
      </svg>
      <div class="axis muted small" aria-hidden="true">
        <span>{points[0] ? day(points[0][0]) : ""}</span>
        <span>{points.length ? day((points[points.length - 1] as [number, number])[0]) : ""}</span>
      </div>
      <details>
        <summary>As a table</summary>
        <div class="scroll-table" tabIndex={0} role="region" aria-label={`${props.title} as a table`}>
          <table>
            <thead>
              <tr>
                <th scope="col">Day</th>
                <th scope="col">Bytes</th>
              </tr>
            </thead>
            <tbody>
              {[...points].reverse().map(([start, bytes]) => (
                <tr key={start}>
                  <td>{day(start)}</td>
                  <td>{size(bytes)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </details>
    </section>
  );
}
