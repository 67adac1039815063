export const UNITS = ['mg/dL', 'mmol/L'] as const
export type Unit = (typeof UNITS)[number]

/** Molar mass of glucose is 180.1559 g/mol, so 1 mmol/L is 18.01559 mg/dL. */
export const MGDL_PER_MMOLL = 18.01559

/** mg/dL -> the unit asked for; mmol/L is rounded half up to one decimal, once, here. */
export function inUnit(mgdl: number, unit: Unit): number {
  return unit === 'mg/dL' ? mgdl : Math.round((mgdl / MGDL_PER_MMOLL) * 10) / 10
}

/** Trend rates follow the unit: mg/dL/min as sent, mmol/L/min to three decimals. */
export function rateInUnit(rate: number | null, unit: Unit): number | null {
  if (rate === null || unit === 'mg/dL') return rate
  return Math.round((rate / MGDL_PER_MMOLL) * 1000) / 1000
}
