import { readdirSync, readFileSync, realpathSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, dirname, join } from "node:path";

export type Java = { readonly program: string; readonly version: number };

const subfolders = (folder: string, below = ""): readonly string[] => {
  try {
    return readdirSync(folder).map((name) => join(folder, name, below));
  } catch {
    return [];
  }
};

/** Folders that may hold a JDK: the environment's, those of `PATH`, and where systems and tools put them. */
const homes = (): readonly string[] => [
  ...Object.entries(process.env).flatMap(([name, value]) =>
    /^(JAVA|JDK).*HOME/.test(name) && value !== undefined ? [value] : [],
  ),
  ...(process.env["PATH"] ?? "").split(delimiter).flatMap((folder) => {
    try {
      return [dirname(dirname(realpathSync(join(folder, "java"))))];
    } catch {
      return [];
    }
  }),
  ...subfolders("/usr/lib/jvm"),
  ...subfolders("/opt/java"),
  ...subfolders("/opt/hostedtoolcache/Java_Temurin-Hotspot_jdk", "x64"),
  ...subfolders("/Library/Java/JavaVirtualMachines", "Contents/Home"),
  ...subfolders(join(homedir(), ".sdkman/candidates/java")),
];

/** The oldest JDK of the feature versions from `least` up to `most`; undefined where none is installed. */
export const findJava = (least: number, most: number): Java | undefined => {
  const fitting = homes().flatMap((home): Java[] => {
    try {
      const version = Number(/^JAVA_VERSION="(\d+)/m.exec(readFileSync(join(home, "release"), "utf8"))?.[1]);
      return version >= least && version <= most ? [{ program: join(home, "bin/java"), version }] : [];
    } catch {
      return [];
    }
  });
  return fitting.sort((a, b) => a.version - b.version)[0];
};
