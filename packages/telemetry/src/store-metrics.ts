import { Counter, type Registry } from 'prom-client'

export function storeMetrics(registry: Registry) {
  const units = new Counter({
    name: 'bg_dynamodb_consumed_units_total',
    help: 'Capacity units consumed at DynamoDB: what the bill counts',
    labelNames: ['operation', 'kind'],
    registers: [registry],
  })
  return {
    /** `operation` by DynamoDB's own name: Query, UpdateItem … */
    dynamoUnits(operation: string, kind: 'read' | 'write', count: number): void {
      units.inc({ operation, kind }, count)
    },
  }
}
