export { createContentHasher } from './content-hasher.ts'
export { type CursorCodec, createCursorCodec } from './cursor-codec.ts'
export { type DevelopmentToken, signDevelopmentToken } from './development-token.ts'
export { deriveKey, type EncryptionKey, type EncryptionKeys } from './encryption-keys.ts'
export { createErasureReceipts, type ErasureFacts, ErasureReceipt, type ErasureReceipts } from './erasure-receipt.ts'
export type { KmsKey } from './kms-keyring.ts'
export { namedKeys } from './named-keys.ts'
export { hashToken, newToken, safeEqual } from './random-token.ts'
export { rememberAccessTokens } from './remember-access-tokens.ts'
export { sealedBy } from './sealed-by.ts'
export { createSealer, type Sealer } from './sealer.ts'
export { withServiceKey, wrapNewServiceKey } from './service-key.ts'
export { type TokenKey, type TrustedKey, trustedKey } from './token-key.ts'
export {
  ANY_USER_SCOPE,
  type Caller,
  createTokenVerifier,
  type TokenVerifier,
  type TokenVerifierOptions,
} from './token-verifier.ts'
export { createUserHasher } from './user-hasher.ts'
export { createVault, type Vault } from './vault.ts'
export { isAuthentic, type SignedDelivery, signDelivery } from './webhook-signature.ts'
