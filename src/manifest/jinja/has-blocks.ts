/** White space at a name, but for line breaks and tabs: a text in JSON cannot hold them. */
const moreThanName = /\{\{@(?![^\S\t-\r]*[A-Za-z_][A-Za-z0-9_-]*[^\S\t-\r]*@\}\})/;

/**
 * True where a JSON template holds more than variables within its quotes: blocks, comments, expressions. One that has
 * variables outside of quotes is no JSON, which parsing tells.
 */
export const hasBlocks = (text: string): boolean => {
  if (text.includes("{{%")) return true;
  const comment = text.indexOf("{#");
  if (comment !== -1 && text.includes("#}", comment + 2)) return true;
  return text.includes("{{@") && moreThanName.test(text.replaceAll("\\\\{{@", ""));
};
