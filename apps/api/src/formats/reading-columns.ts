import type { PublicReading } from '@bg-ingest/domain'
import type { Column } from './csv.ts'

/** A reading on one line: its fields in the order of the JSON, the device's side by side. New ones come at the end. */
export const readingColumns: readonly Column<PublicReading>[] = [
  { name: 'id', of: ({ id }) => id },
  { name: 'userId', of: ({ userId }) => userId },
  { name: 'timestamp', of: ({ timestamp }) => timestamp },
  { name: 'localTime', of: ({ localTime }) => localTime },
  { name: 'glucose', of: ({ glucose }) => glucose },
  { name: 'unit', of: ({ unit }) => unit },
  { name: 'bound', of: ({ bound }) => bound },
  { name: 'trend', of: ({ trend }) => trend },
  { name: 'trendRate', of: ({ trendRate }) => trendRate },
  { name: 'type', of: ({ type }) => type },
  { name: 'transmitterId', of: ({ device }) => device.transmitterId },
  { name: 'generation', of: ({ device }) => device.generation },
  { name: 'display', of: ({ device }) => device.display },
  { name: 'app', of: ({ device }) => device.app },
  { name: 'sequence', of: ({ sequence }) => sequence },
  { name: 'revision', of: ({ revision }) => revision },
  { name: 'receivedAt', of: ({ receivedAt }) => receivedAt },
]
