/** The operator's input cannot be read. The message says what is wrong and never contains a secret. */
export class Unreadable extends Error {}
