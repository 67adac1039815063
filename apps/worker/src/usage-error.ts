/** Something about the command line that its user can put right; the message says what. */
export class UsageError extends Error {}
