import { flatAdapter } from "./flat-adapter.ts";

export const datasetAdapter = flatAdapter("dataset", ["name", "on_delete"], { isNamed: true });
