/** With `.conf.json` behind it, a name of 255 bytes is what file systems take. */
const longest = 245;

/** What keeps a text from being the first part of a file's name; undefined where nothing does. */
export const nameProblem = (text: string): string | undefined => {
  if (text === "" || text === "." || text === "..") return "it is no name of a file";
  if (/[/\\]/.test(text)) return "a file's name holds no slash";
  if (/[\u0000-\u001f\u007f]/.test(text)) return "a file's name holds no control characters";
  if (!text.isWellFormed()) return "it is no well-formed Unicode";
  if (text.length * 3 > longest && Buffer.byteLength(text) > longest) {
    return `a file's name has at most ${longest} bytes before .conf.json`;
  }
  return undefined;
};
