import * as z from 'zod'

/**
 * The caller's own id of a person: 1 to 128 of `A-Z a-z 0-9 . _ ~ @ | : + = -`, so that Auth0, Cognito and Firebase
 * subjects fit. It is not Dexcom's userId, which is a pseudonym per account and application.
 */
export const UserId = z
  .string()
  .regex(/^[A-Za-z0-9._~@|:+=-]{1,128}$/, 'must be 1 to 128 of A-Z a-z 0-9 . _ ~ @ | : + = -')
  .brand<'UserId'>()
export type UserId = z.infer<typeof UserId>
