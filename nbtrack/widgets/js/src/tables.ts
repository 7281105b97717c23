// The second bundle, loaded with the first table or comparison of a page: the views of many runs.
import * as comparison from "./comparison/comparison";
import * as runs from "./runs/runs";

export default { comparison, runs };
