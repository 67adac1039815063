export { authorizeUrl, LOGIN_PATH, SCOPE, TOKEN_PATH, TokenError, TokenResponse } from './oauth.ts'
export {
  CalibrationRecord,
  DATA_RANGE_PATH,
  DataRange,
  DEVICES_PATH,
  EgvRecord,
  EventRecord,
  RECORD_TYPES,
  RecordsPage,
  type RecordType,
} from './records.ts'
export { DEXCOM_HOSTS, type DexcomRegion, vendorDelayMs } from './regions.ts'
export { localTimeText, parseWireTime, toQueryTime, type WireTime } from './time.ts'
