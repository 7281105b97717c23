// What the view of a run's files asks its kernel.

export interface FileEntry {
  path: string;
  size: number;
}

export interface Listing {
  /** The first five thousand files. */
  files: FileEntry[];
  total: number;
  /** Where the files are. */
  uri?: string;
}

/** A part of a file. */
export interface FilePart {
  path: string;
  mime: string;
  size: number;
  data: Uint8Array<ArrayBuffer>;
}

/** Some rows of a table. */
export interface TablePage {
  columns: string[];
  rows: string[][];
  total: number;
}

export type FilesAsks = {
  list: { args: object; answer: Listing };
  file: { args: { path: string; start?: number }; answer: FilePart };
  table: { args: { path: string; first: number; count: number }; answer: TablePage };
};

export type FilesProtocol = { asks: FilesAsks; events: { snapshot: Listing } };
