/** Shorter ones cannot be told from words. */
export const shortest = 4;

const controls = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g;

/** Control characters as spaces, as in words that are shown on one line. */
export const onOneLine = (text: string): string => text.replace(controls, " ").trim();

const decoded = (text: string): string => {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
};

const inJson = (text: string): string => JSON.stringify(text).slice(1, -1);

const inAscii = (json: string): string =>
  json.replace(/[\u0080-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);

const entities: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

const inUrl = (text: string): readonly string[] => {
  if (!text.isWellFormed()) return [];
  const encoded = encodeURIComponent(text);
  const strict = encoded.replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);
  return [encoded, strict].flatMap((one) => {
    const lower = one.replace(/%[0-9A-F]{2}/g, (sign) => sign.toLowerCase());
    return [one, lower, one.replaceAll("%20", "+"), lower.replaceAll("%20", "+")];
  });
};

/** What every base64 text has that holds it, wherever it stands there: the signs that no neighbour has a part in. */
const insideBase64 = (text: string): readonly string[] =>
  [0, 1, 2].flatMap((before) => {
    const bytes = Buffer.concat([Buffer.alloc(before), Buffer.from(text)]);
    const sure = bytes.toString("base64").slice(Math.ceil((before * 8) / 6), Math.floor((bytes.length * 8) / 6));
    return sure.length < 8 ? [] : [sure, sure.replaceAll("+", "-").replaceAll("/", "_")];
  });

/** How a server may spell a text that it was sent: as it is, on one line, in JSON, in a URL, in HTML and in base64. */
export const spellings = (text: string): readonly string[] => {
  if (text.length < shortest) return [];
  const json = inJson(text);
  const base64 = Buffer.from(text).toString("base64");
  const all = [
    text,
    decoded(text),
    onOneLine(text),
    text.replace(/\s+/g, " ").trim(),
    json,
    inAscii(json),
    json.replaceAll("/", "\\/"),
    inJson(json),
    text.replace(/[&<>"]/g, (sign) => entities[sign] ?? sign),
    text.replace(/[&<>"']/g, (sign) => (sign === "'" ? "&#39;" : (entities[sign] ?? sign))),
    ...inUrl(text),
    base64,
    base64.replaceAll("+", "-").replaceAll("/", "_"),
    ...insideBase64(text),
  ];
  return [...new Set(all)].filter((spelling) => spelling.length >= shortest);
};
