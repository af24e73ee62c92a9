import type { Live } from "../contract/index.ts";

/** Reads under way at once. */
const parallel = 10;

/**
 * What a listing gave, with the objects that are not complete read one by one. Those that turn out to be gone are left
 * out; the order stays.
 */
export const complete = async (
  listed: readonly Live[],
  isComplete: (live: Live) => boolean,
  read: (id: string) => Promise<Live | undefined>,
): Promise<readonly Live[]> => {
  const found: (Live | undefined)[] = [...listed];
  const open = listed.flatMap((live, index) => (isComplete(live) ? [] : [{ id: live.id, index }])).values();
  const work = async (): Promise<void> => {
    for (const { id, index } of open) found[index] = await read(id);
  };
  await Promise.all(Array.from({ length: parallel }, work));
  return found.filter((live) => live !== undefined);
};
