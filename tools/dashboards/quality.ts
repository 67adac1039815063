import type { Dashboard } from './panel.ts'

export const quality: Dashboard = {
  name: 'quality',
  title: 'BG Ingest: data quality',
  panels: [
    {
      title: 'Readings that came in',
      about: 'Of one every five minutes for each connected person, in the last hour.',
      kind: 'stat',
      unit: 'percentunit',
      queries: [['bg:reading_yield:ratio1h', 'readings']],
    },
    {
      title: 'How late a reading is, half of them',
      about: 'Dexcom runs 1 h (US) or 3 h (elsewhere) late.',
      kind: 'stat',
      unit: 's',
      queries: [['bg:reading_lag_seconds:p50_1h', 'lag']],
    },
    {
      title: 'Records that could not be a reading, last hour',
      kind: 'stat',
      unit: 'none',
      queries: [['sum(increase(bg_readings_total{result="rejected"}[1h]))', 'rejected']],
    },
    {
      title: 'Findings of the doctor, last day',
      kind: 'stat',
      unit: 'none',
      queries: [['sum(increase(bg_doctor_findings_total[1d]))', 'findings']],
    },
    {
      title: 'Readings a second, by what became of them',
      unit: 'ops',
      queries: [['sum by (result) (rate(bg_readings_total[5m]))', '{{result}}']],
    },
    {
      title: 'New readings a second, by type',
      unit: 'ops',
      queries: [['sum by (type) (rate(bg_readings_total{result="stored"}[5m]))', '{{type}}']],
    },
    {
      title: 'How late readings are',
      unit: 's',
      queries: [
        ['histogram_quantile(0.5, sum by (le) (rate(bg_reading_lag_seconds_bucket[1h])))', 'half'],
        ['histogram_quantile(0.95, sum by (le) (rate(bg_reading_lag_seconds_bucket[1h])))', '95 in 100'],
      ],
    },
    {
      title: 'Readings that came in',
      unit: 'percentunit',
      queries: [['bg:reading_yield:ratio1h', 'of what sensors make']],
    },
    {
      title: 'Values that we do not know yet, last hour',
      unit: 'none',
      queries: [['sum by (field) (increase(bg_dexcom_unknown_values_total[1h]))', '{{field}}']],
    },
    {
      title: 'Problems of connections, last hour',
      unit: 'none',
      queries: [['sum by (code) (increase(bg_connection_problems_total[1h]))', '{{code}}']],
    },
    {
      title: 'People by status',
      unit: 'none',
      queries: [['bg:connections', '{{status}}']],
    },
    {
      title: 'Findings of the doctor, and readings that Dexcom shows no more, last day',
      unit: 'none',
      queries: [
        ['sum by (finding) (increase(bg_doctor_findings_total[1d]))', '{{finding}}'],
        ['sum by (type) (increase(bg_readings_vanished_total[1d]))', '{{type}} not shown any more'],
      ],
    },
  ],
}
