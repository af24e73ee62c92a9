import { expect } from "vitest";
import { startBareHost } from "../../support/pulumi/contract/bare-host.ts";
import { type ContractCase, messageOf, same } from "../../support/pulumi/contract/scene.ts";
import type { Subject } from "../../support/pulumi/contract/subject.ts";

const minutesAgo = (minutes: number): string => new Date(Date.now() - minutes * 60_000).toISOString();

/** Answers in which everything was made at another time. */
const madeAt = (time: string) => (body: string) =>
  body.replace(/"(created_at|creation_date)":"[^"]*"/g, (_, name: string) => `"${name}":"${time}"`);

/** Whatever the earlier attempt asked for: of a job, the target tells little and changes nothing. */
const isMadeAnew = ({ kind }: Subject): boolean => kind === "import-job";

/** A create makes one object, claims what is plainly its own, and leaves everything else alone. */
export const createCases = (subject: Subject): readonly ContractCase[] => [
  {
    name: "create makes one object and knows it",
    run: async ({ host, world, make }) => {
      const given = await subject.given(world);
      const { id, inputs, outs } = await make(given);
      expect(await subject.count(given, world)).toBe(1);
      expect(outs).toMatchObject({ ...inputs, endpoint: world.front.url, live: expect.any(Object) });
      expect(outs["status"]).toEqual(expect.any(String));
      expect(id).not.toBe("");
      expect(JSON.stringify(outs["live"])).not.toContain("contract-secret");
      expect(await host.diff(id, outs, inputs)).toEqual(same);
    },
  },
  {
    name: "create sends one write, and finds what exists by one list",
    run: async ({ world, make, requestsOf }) => {
      const given = await subject.given(world);
      const requests = await requestsOf(() => make(given));
      expect(requests.filter((request) => request.startsWith(subject.createdBy))).toHaveLength(1);
    },
  },
  {
    name: "two creates are the very first calls of a host that nobody configured",
    run: async ({ world }) => {
      const both = await Promise.all([subject.given(world), subject.given(world)]);
      const host = await startBareHost(world.folder, world.env);
      try {
        const made = await Promise.all(both.map((given) => host.create(subject.kind, given)));
        expect(new Set(made.map(({ id }) => id)).size).toBe(2);
      } finally {
        await host.stop();
      }
      // A file's digest is filled in by check.
      for (const given of both) expect(await subject.count(given, world)).toBe(1);
    },
  },
  {
    name: "create and configure may come at the same time, and cancel at any",
    run: async ({ world }) => {
      const both = await Promise.all([subject.given(world), subject.given(world)]);
      const host = await startBareHost(world.folder, world.env);
      try {
        const [first, , second] = await Promise.all([
          host.create(subject.kind, both[0] ?? {}),
          host.configure(),
          host.create(subject.kind, both[1] ?? {}),
          host.cancel(),
        ]);
        expect(first.id).not.toBe(second.id);
      } finally {
        await host.stop();
      }
    },
  },
  {
    name: "two resources of one program with one name make one object, and one fails",
    run: async ({ world, startHost, make }) => {
      const given = await subject.given(world);
      const host = await startHost();
      const results = await Promise.allSettled([make(given, host), make(given, host)]);
      expect(results.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
      expect(await subject.count(given, world)).toBe(1);
      expect(await messageOf(make({ ...given, adopt: true }, host))).toMatch(/another resource of this program/);
    },
  },
  {
    name: "a create does not take what the state has under another resource",
    run: async ({ world, startHost, make }) => {
      const given = await subject.given(world);
      const { id, inputs, outs } = await make(given);
      const later = await startHost();
      await later.diff(id, outs, inputs);
      expect(await messageOf(later.create({ ...inputs, adopt: true }))).toContain(id);
      expect(await subject.count(given, world)).toBe(1);
    },
  },
  {
    name: "a create that takes over what the program had under another name leaves it there when that one is deleted",
    run: async ({ world, startHost, make }) => {
      const given = { ...(await subject.given(world)), onDelete: undefined };
      const arguments_ = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
      const withData = subject.keepsData ? { ...arguments_, onDelete: "delete" } : arguments_;
      const before = await make(withData);
      // One `pulumi up` after a rename without an alias: made first, then deleted, by the same host.
      const later = await startHost();
      const after = await make({ ...withData, adopt: true }, later);
      expect(after.id === before.id).toBe(!isMadeAnew(subject));
      await later.delete(before.id, before.outs);
      expect(await subject.count(given, world)).toBe(1);
      // A later command deletes it.
      await (await startHost()).delete(after.id, after.outs);
      expect(await subject.count(given, world)).toBe(0);
    },
  },
  {
    name: "a create whose answer was lost makes one object, whoever runs again",
    run: async ({ world, startHost, make, requestsOf }) => {
      const given = await subject.given(world);
      world.front.lose(subject.createdBy);
      const first = await startHost();
      const tried = await make(given, first).then(
        ({ id }) => id,
        (error: unknown) => error as Error,
      );
      expect(await subject.count(given, world)).toBe(1);
      // An upload is counted; of all else nobody can tell.
      if (typeof tried === "string") return;
      expect(tried.message).toMatch(/not known.*pulumi up|pulumi up.*not known/);
      const again = await startHost();
      const requests = await requestsOf(async () => {
        const { id, inputs, outs } = await make(given, again);
        expect(await again.diff(id, outs, inputs)).toEqual(same);
      });
      const creations = requests.filter((request) => request.startsWith(subject.createdBy));
      expect(creations).toHaveLength(isMadeAnew(subject) ? 1 : 0);
      expect(await subject.count(given, world)).toBe(1);
    },
  },
  ...(subject.kind === "file-upload"
    ? []
    : [
        {
          name: "an own attempt is claimed within the hour, and not after it",
          run: async ({ world, make, startHost, writesOf }: Parameters<ContractCase["run"]>[0]) => {
            const given = await subject.given(world);
            const { id, inputs } = await make(given);
            const later = await startHost();
            try {
              for (const time of [minutesAgo(61), "", "yesterday", minutesAgo(-30)]) {
                world.front.rewrite(madeAt(time));
                const written = await writesOf(async () => {
                  expect(await messageOf(later.create(inputs))).toMatch(/exists already.*adopt: true/);
                });
                expect(written).toEqual([]);
              }
              world.front.rewrite(madeAt(minutesAgo(59)));
              expect((await later.create(inputs)).id === id).toBe(!isMadeAnew(subject));
            } finally {
              world.front.rewrite();
            }
            expect(await subject.count(given, world)).toBe(1);
          },
        },
      ]),
  ...(subject.isOccupiedByAnother
    ? [
        {
          name: "a create leaves somebody else's object alone and names it, unless it may adopt it",
          run: async ({ host, world, make, writesOf }: Parameters<ContractCase["run"]>[0]) => {
            const given = await subject.given(world);
            const theirs = await subject.occupy(given, world);
            const written = await writesOf(async () => {
              expect(await messageOf(make(given))).toMatch(new RegExp(`${theirs}.*adopt: true`));
            });
            expect(written).toEqual([]);
            expect(await subject.count(given, world)).toBe(1);
            const adopted = await make({ ...given, adopt: true }).then(
              ({ id, inputs, outs }) => ({ id, inputs, outs }),
              (error: unknown) => error as Error,
            );
            expect(await subject.count(given, world)).toBe(1);
            if (adopted instanceof Error) {
              // It cannot be made like ours: the API cannot change it.
              expect(subject.change).toBeUndefined();
              expect(adopted.message).toMatch(new RegExp(`${theirs} cannot be taken over: it differs in`));
              return;
            }
            expect(adopted.id).toBe(theirs);
            expect(await host.diff(adopted.id, adopted.outs, adopted.inputs)).toEqual(same);
          },
        },
      ]
    : [
        {
          name: "a create adopts what is there when it is asked to",
          run: async ({ host, world, make }: Parameters<ContractCase["run"]>[0]) => {
            const given = await subject.given(world);
            const theirs = await subject.occupy(given, world);
            const { id, inputs, outs } = await make({ ...given, adopt: true });
            expect(id).toBe(theirs);
            expect(await host.diff(id, outs, inputs)).toEqual(same);
          },
        },
      ]),
];
