import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";

const nonceBytes = 12;
const tagBytes = 16;

/** Encrypts records at rest. `place` is authenticated: a record that was moved to another place does not open. */
export type Vault = {
  seal(place: string, text: string): Uint8Array;
  /** Throws when the key is another one or the bytes were changed. */
  open(place: string, sealed: Uint8Array): string;
};

/** AES-256-GCM: nonce, tag, ciphertext. */
export const createVault = (key: Uint8Array): Vault => ({
  seal: (place, text) => {
    const nonce = randomBytes(nonceBytes);
    const cipher = createCipheriv("aes-256-gcm", key, nonce).setAAD(Buffer.from(place));
    const content = Buffer.concat([cipher.update(text, "utf8"), cipher.final()]);
    return Buffer.concat([nonce, cipher.getAuthTag(), content]);
  },
  open: (place, sealed) => {
    const nonce = sealed.subarray(0, nonceBytes);
    const decipher = createDecipheriv("aes-256-gcm", key, nonce, { authTagLength: tagBytes })
      .setAAD(Buffer.from(place))
      .setAuthTag(sealed.subarray(nonceBytes, nonceBytes + tagBytes));
    return decipher.update(sealed.subarray(nonceBytes + tagBytes), undefined, "utf8") + decipher.final("utf8");
  },
});
