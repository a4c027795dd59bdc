// Icons of one stroke, 16 by 16. They are decoration: what they stand beside or in says the same in words.

const PATHS: Record<string, string> = {
  stack: "M8 1.5 14.5 5 8 8.5 1.5 5zM1.5 8 8 11.5 14.5 8M1.5 11 8 14.5 14.5 11",
  search: "M7 12A5 5 0 1 0 7 2a5 5 0 0 0 0 10zm3.6-1.4L14.5 14.5",
  chart: "M2 14V8M6 14V3M10 14V6M14 14v-3",
  key: "M10 9.5A3.75 3.75 0 1 0 6.6 6.2L1.5 11.3v3.2h3v-2h2v-2h1.2l.6-.7c.5.3 1.1.4 1.7.4zM11 5h.01",
  queue: "M2 4h12M2 8h12M2 12h8",
  copy: "M6 6V2.5h7.5V10H10M2.5 6H10v7.5H2.5z",
  close: "M3.5 3.5l9 9m0-9l-9 9",
  plus: "M8 2.5v11M2.5 8h11",
  upload: "M8 11V2.5M4.5 6 8 2.5 11.5 6M2.5 11v2.5h11V11",
  retry: "M13.5 3v3.5H10M13.2 6.5A5.5 5.5 0 1 0 13.3 9.8",
  detach: "M3 8h10",
  file: "M4 1.5h5L12.5 5v9.5h-9V1.5zM9 1.5V5h3.5",
  history: "M2.5 3v3.5H6M2.8 6.5a5.5 5.5 0 1 1-.2 3M8 5v3.3l2.2 1.4",
  sun: "M8 11a3 3 0 1 0 0-6 3 3 0 0 0 0 6zM8 1v1.5M8 13.5V15M1 8h1.5M13.5 8H15M3 3l1 1M12 12l1 1M3 13l1-1M12 4l1-1",
  out: "M6 2.5H2.5v11H6M10.5 11 13.5 8l-3-3M13.5 8H6",
  warn: "M8 2 15 14H1zM8 6.5v3.3M8 12h.01",
  share: "M6 8a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5zM1.5 13.5c0-2.5 2-4 4.5-4s4.5 1.5 4.5 4M11 3.3a2.5 2.5 0 0 1 0 4.4M12 9.8c1.500.5 2.5 1.8 2.5 3.7",
  back: "M9.5 3 4.5 8l5 5",
};

export function Icon({ name }: { name: string }) {
  return (
    <svg class="icon" viewBox="0 0 16 16" aria-hidden="true" focusable="false">
      <path d={PATHS[name] ?? ""} />
    </svg>
  );
}
