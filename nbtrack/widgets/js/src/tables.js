// The second bundle, loaded with the first table or comparison of a page: the views of many runs.
import * as comparison from "./comparison.js";
import * as runs from "./runs.js";

export default { comparison, runs };
