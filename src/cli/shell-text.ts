const plain = /^[\w@%+=:,./-]+$/;

/** One word of a command line, quoted where a POSIX shell would read it as something else. */
export const shellText = (word: string): string => (plain.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`);
