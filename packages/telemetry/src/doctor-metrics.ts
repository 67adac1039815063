import { Counter, type Registry } from 'prom-client'

export function doctorMetrics(registry: Registry) {
  const findings = new Counter({
    name: 'bg_doctor_findings_total',
    help: 'What the daily examinations found wrong, people by finding',
    labelNames: ['finding'],
    registers: [registry],
  })
  return {
    /** Starts the series of every finding at 0, so that Prometheus sees the first one. */
    doctorFindingsKnown(kinds: readonly string[]): void {
      for (const finding of kinds) findings.inc({ finding }, 0)
    },
    doctorFindings(finding: string): void {
      findings.inc({ finding })
    },
  }
}
