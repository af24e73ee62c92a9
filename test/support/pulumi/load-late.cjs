// Preloaded into processes of Pulumi's SDK: its reader of node_modules, a third of what the SDK loads, is loaded when it
// is first used, which is where functions are serialized; nothing here does that.
const Module = require("node:module");

const load = Module._load;
Module._load = function (request, ...rest) {
  if (request !== "@npmcli/arborist") return load.call(this, request, ...rest);
  return {
    __esModule: true,
    get Arborist() {
      return load.call(Module, request, ...rest).Arborist;
    },
  };
};
