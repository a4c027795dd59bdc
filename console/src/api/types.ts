// The objects of the API that the console reads (docs/contract.md). Times are in seconds since 1970.

export type Scalar = string | number | boolean;
export type Attributes = Record<string, Scalar>;
export type FileStatus = "in_progress" | "completed" | "failed" | "cancelled";
export type Scope = "read" | "write" | "admin";

export interface Caller {
  project_id: string;
  user_id: string | null;
  scope: Scope;
  all_projects: boolean;
  key_id: string | null;
  key_required: boolean;
}

export interface Counts {
  in_progress: number;
  completed: number;
  failed: number;
  cancelled: number;
  total: number;
}

export interface Store {
  id: string;
  created_at: number;
  name: string | null;
  description: string | null;
  usage_bytes: number;
  file_counts: Counts;
  status: "in_progress" | "completed" | "expired";
  expires_after: { anchor: string; days: number } | null;
  expires_at: number | null;
  last_active_at: number;
  last_used_at: number | null;
  metadata: Attributes;
  embedding_model: string;
  embedding_dimensions: number;
}

export interface Warning {
  code: string;
  message: string;
  where: string | null;
}

export type Chunking =
  | { type: "auto" }
  | { type: "static"; static: { max_chunk_size_tokens: number; chunk_overlap_tokens: number } };

export interface StoreFile {
  id: string;
  vector_store_id: string;
  created_at: number;
  usage_bytes: number;
  status: FileStatus;
  last_error: { code: string; message: string } | null;
  chunking_strategy: Chunking;
  attributes: Attributes;
  warnings: Warning[];
  filename: string;
  chunk_count: number | null;
  processed_chunk_count: number | null;
  page_count: number | null;
  processed_page_count: number | null;
}

export interface UploadedFile {
  id: string;
  bytes: number;
  created_at: number;
  filename: string;
  purpose: string;
}

export interface Location {
  chunk: number;
  start: number;
  end: number;
  first_page: number | null;
  last_page: number | null;
  sheet: string | null;
  headings: string[];
  page_label: string | null;
}

export interface Chunk {
  id: string;
  text: string;
  lead_in: string;
  lead_out: string;
  tokens: number | null;
  location: Location | null;
}

export interface Explanation {
  cosine: number | null;
  bm25: number | null;
  match: number | null;
  shares: { meaning: number; words: number };
  words: string[];
}

export interface SearchResult {
  vector_store_id?: string;
  file_id: string;
  filename: string;
  score: number;
  attributes: Attributes;
  content: { type: "text"; text: string; location: Location | null }[];
  explanation?: Explanation;
}

export interface SearchPage {
  search_query: string[];
  data: SearchResult[];
  warnings: { code: string; message: string }[];
}

export interface LogEvent {
  id: string;
  created_at: number;
  actor: string | Record<string, unknown> | null;
  request_id: string | null;
  imported: boolean;
  changes: ({ type: string } & Record<string, unknown>)[];
}

export interface Permission {
  grantee_type: "user" | "team";
  user_id: string | null;
  role: "reader" | "writer" | "owner";
}

export interface Key {
  id: string;
  name: string | null;
  redacted_value: string;
  created_at: number;
  expires_at: number | null;
  last_used_at: number | null;
  project_id: string;
  scope: Scope;
  all_projects: boolean;
  value?: string;
}

export interface RateLimits {
  id: string;
  max_requests_per_1_second: number;
  max_files_per_1_minute: number;
  max_stored_bytes: number;
  max_files: number;
  max_vector_stores: number;
  [other: string]: unknown;
}

export interface Queue {
  id: string;
  waiting: number;
  in_progress: number;
  delayed: number;
  oldest_at: number | null;
}

export interface UsageBucket {
  start_time: number;
  end_time: number;
  results: { usage_bytes: number }[];
}

export interface List<T> {
  data: T[];
  last_id: string | null;
  has_more: boolean;
}
