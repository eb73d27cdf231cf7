/** What the operator gave cannot be read; the message says what and never holds a secret. */
export class Unreadable extends Error {}
