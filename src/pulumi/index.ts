export type * from "./arguments.ts";
export { Connection, type ConnectionArgs, type ConnectionConfig } from "./connection.ts";
