// Why the server ends a live socket, in codes of our own (RFC 6455 leaves 4000 to 4999 to applications). The reason that comes with one is a sentence
// for people.
export const CLOSE_SIGNED_OUT = 4401;
/** Who may not read, or may no longer. */
export const CLOSE_REFUSED = 4403;
export const CLOSE_TOO_MANY = 4429;
