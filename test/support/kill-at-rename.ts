import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";

// Preloaded into a process that is to die after it put its nth file in the place of another one (KILL_AT).
const { renameSync } = fs;
const at = Number(process.env["KILL_AT"] ?? 0);
let count = 0;
fs.renameSync = (from, to) => {
  renameSync(from, to);
  if (++count === at) process.kill(process.pid, "SIGKILL");
};
syncBuiltinESMExports();
