import type { ConnectorCheckCatalogue, ConnectorCheckReport } from "./connector-check.js";

/** What the page in the frame says. */
export interface FrameHandlers {
  ready?(payload: { state: string; catalogue: string }): void;
  progress?(payload: { done: number; total: number }): void;
  report?(report: ConnectorCheckReport): void;
  error?(payload: { message: string }): void;
}

/** What the page in the frame can be told. */
export interface FrameConnection {
  run(): void;
  stop(): void;
  catalogue(value: string | ConnectorCheckCatalogue): void;
  theme(value: "auto" | "light" | "dark"): void;
  language(value: string): void;
  close(): void;
}

/** Talks with the page in a frame, and gives the frame its height. */
export declare function connect(frame: HTMLIFrameElement, handlers?: FrameHandlers): FrameConnection;
