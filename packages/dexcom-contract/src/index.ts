export { KNOWN_VALUES, type ListedField } from './known-values.ts'
export { authorizeUrl, LOGIN_PATH, SCOPE, TOKEN_PATH, TokenError, TokenResponse } from './oauth.ts'
export {
  ALERTS_PATH,
  AlertRecord,
  CalibrationRecord,
  DATA_RANGE_PATH,
  DataRange,
  DEVICES_PATH,
  DeviceRecord,
  EgvRecord,
  EventRecord,
  RECORD_TYPES,
  RecordsPage,
  type RecordType,
} from './records.ts'
export { DEXCOM_HOSTS, type DexcomRegion, vendorDelayMs } from './regions.ts'
export { instantOf, localTimeText, parseWireTime, toQueryTime, toSyncTime, type WireTime } from './time.ts'
