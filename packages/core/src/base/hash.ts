import { createHmac, hash } from 'node:crypto'

/** SHA-256 of UTF-8 text as unpadded base64url: 43 characters. */
export function sha256(text: string): string {
  return hash('sha256', text, 'base64url')
}

/** HMAC-SHA-256 of UTF-8 text under a key, as unpadded base64url: 43 characters. Without the key nobody can tell what a text would give. */
export function keyedHash(key: string, text: string): string {
  return createHmac('sha256', key).update(text).digest('base64url')
}
