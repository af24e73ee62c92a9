import { describe, expect, it } from "vitest";
import { redact, withoutTexts } from "../../src/infino/redact.ts";

const secret = 'PLANTED"key/+ é\nline2-PLANTED';
const json = (text: string): string => JSON.stringify(text).slice(1, -1);
const base64 = (text: string): string => Buffer.from(text).toString("base64");
const ascii = (text: string): string => json(text).replace("é", "\\u00e9");

const spelled: readonly (readonly [string, string])[] = [
  ["as it is", secret],
  ["in JSON", json(secret)],
  ["in JSON of JSON", json(json(secret))],
  ["in JSON of plain signs", ascii(secret)],
  ["in JSON with escaped slashes", json(secret).replaceAll("/", "\\/")],
  ["on one line", secret.replaceAll("\n", " ")],
  ["by its lines", secret.split("\n").join(" | ")],
  ["in a URL", encodeURIComponent(secret)],
  ["in a URL, in small letters", encodeURIComponent(secret).replace(/%../g, (sign) => sign.toLowerCase())],
  ["in a form", encodeURIComponent(secret).replaceAll("%20", "+")],
  ["in HTML", secret.replaceAll('"', "&quot;")],
  ["in base64", base64(secret)],
  ["in base64 for URLs", Buffer.from(secret).toString("base64url")],
  ["as a password in base64", base64(`elastic:${secret}`)],
  ["as a password of another length in base64", base64(`root:${secret}`)],
  ["cut off", `${secret.slice(0, 12)}…`],
];

/** Parts of it that no words may hold: its ends, in clear and in base64. */
const traces = ["PLANTED", "line2", base64(secret).slice(4, 16), base64(`elastic:${secret}`).slice(12, 24)];

describe("what is taken out of words", () => {
  it.each(spelled)("is found %s", (_, text) => {
    const words = `refused (${text}): try again`;
    for (const clean of [
      withoutTexts(words, [secret]),
      redact(words, undefined, [secret]),
      redact(words, { key: secret }, []),
    ]) {
      for (const trace of traces) expect(clean).not.toContain(trace);
      expect(clean).toMatch(/^refused \(.*try again$/);
    }
  });

  it("is everything of a URL but where it points", () => {
    const address = "http://usr:PLANTED-url-pw@127.0.0.1:1/PLANTED-path?key=PLANTED-param#PLANTED-hash";
    const parts = ["PLANTED-path", "PLANTED-param", "usr:PLANTED-url-pw", base64("usr:PLANTED-url-pw"), json(address)];
    const words = `http://127.0.0.1:1: connection refused; ${address} ${parts.join(" ")} PLANTED-hash`;
    const clean = withoutTexts(words, [address]);
    expect(clean).toMatch(/^http:\/\/127\.0\.0\.1:1: connection refused; http:\/\/127\.0\.0\.1:1\/\[redacted\] /);
    expect(clean).not.toContain("PLANTED");
    expect(clean).not.toContain(base64("usr:PLANTED-url-pw").slice(4, 16));
  });

  it("is no address without a user and a path, and leaves lines and length", () => {
    const words = `http://127.0.0.1:9200: connection refused\n${"word ".repeat(200)}`;
    expect(withoutTexts(words, ["http://127.0.0.1:9200", "another secret"])).toBe(words);
  });
});
