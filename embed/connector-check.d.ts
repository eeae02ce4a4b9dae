/** One check of a report. */
export interface ConnectorCheckResult {
  id: string;
  status: "reachable" | "unreachable" | "intercepted" | "inconclusive" | "not-testable" | "skipped";
  /** How far the path was seen to work; `null` where nothing tells. */
  reached: "nothing" | "name" | "tcp" | "tls" | "http" | null;
  /** Milliseconds; `null` where nothing was measured. */
  duration_ms: number | null;
  observations: { probe: string; outcome: "answered" | "failed" | "timed-out" | "prevented"; ms: number | null; detail?: string }[];
}

/** A cause, or a limit of what can be known. */
export interface ConnectorCheckFinding {
  /** Stable; codes that have shipped are never renamed. */
  code: string;
  severity: "blocking" | "warning" | "info";
  confidence: "proven" | "likely" | "possible";
  /** Ids of checks. */
  checks: string[];
  /** One sentence. */
  summary: string;
  evidence: string[];
}

/** The report, `connector-check/report@1`. */
export interface ConnectorCheckReport {
  format: "connector-check/report@1";
  version: string;
  catalogue: { id: string; updated: string };
  /** RFC 3339. */
  started: string;
  /** RFC 3339. */
  finished: string;
  environment: { browser: string; os: string; page: "file" | "http" | "https"; embedded: boolean };
  verdict: "ready" | "degraded" | "blocked" | "inconclusive";
  checks: ConnectorCheckResult[];
  findings: ConnectorCheckFinding[];
}

/** A catalogue, `connector-check/catalogue@1`. */
export interface ConnectorCheckCatalogue {
  format: "connector-check/catalogue@1";
  id: string;
  [field: string]: unknown;
}

export interface ConnectorCheckEvents {
  "connector-check:progress": CustomEvent<{ done: number; total: number }>;
  "connector-check:report": CustomEvent<ConnectorCheckReport>;
  "connector-check:error": CustomEvent<{ message: string }>;
}

/** `<connector-check>`. */
export interface ConnectorCheckElement extends HTMLElement {
  /** The id of the catalogue in use; takes an id, an address or a catalogue. */
  get catalogue(): string;
  set catalogue(value: string | ConnectorCheckCatalogue);
  /** The latest report. */
  readonly report: ConnectorCheckReport | null;
  readonly state: "idle" | "running" | "done" | "stopped" | "failed";
  /** Starts a run unless one is going on; rejects where no report will come, and says why. */
  run(): Promise<ConnectorCheckReport>;
  /** Stops the run that is going on. */
  stop(): void;
  addEventListener<K extends keyof ConnectorCheckEvents>(
    type: K,
    listener: (this: ConnectorCheckElement, event: ConnectorCheckEvents[K]) => unknown,
    options?: boolean | AddEventListenerOptions,
  ): void;
  addEventListener<K extends keyof HTMLElementEventMap>(
    type: K,
    listener: (this: ConnectorCheckElement, event: HTMLElementEventMap[K]) => unknown,
    options?: boolean | AddEventListenerOptions,
  ): void;
  addEventListener(type: string, listener: EventListenerOrEventListenerObject, options?: boolean | AddEventListenerOptions): void;
}

/** Resolves when the element can be used; rejects where the program could not be started, which every element says, too. */
export declare const ready: Promise<void>;

declare global {
  interface HTMLElementTagNameMap {
    "connector-check": ConnectorCheckElement;
  }
}
