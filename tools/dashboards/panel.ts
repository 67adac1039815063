/** One panel, as its dashboard's table tells it. */
export interface Panel {
  readonly title: string
  readonly about?: string
  /** A number of now, or lines over time. */
  readonly kind?: 'stat' | 'lines'
  /** Grafana's name of a unit: s, percentunit, bytes, ops, none … */
  readonly unit: string
  /** PromQL and what its series are called (`{{label}}` stands for a label). */
  readonly queries: readonly (readonly [expression: string, legend: string])[]
}

export interface Dashboard {
  /** Name of the file, and part of the address in Grafana. */
  readonly name: string
  readonly title: string
  readonly panels: readonly Panel[]
}

/** The data source of docker/grafana/provisioning. */
const DATASOURCE = { type: 'prometheus', uid: 'bg-prometheus' }
// Grafana's grid is 24 wide: four numbers or two charts in a row.
const SIZES = { stat: { w: 6, h: 4 }, lines: { w: 12, h: 8 } }
const GRID_WIDTH = 24

/** A dashboard as Grafana reads it from a file. */
export function toGrafana({ name, title, panels }: Dashboard): object {
  return {
    uid: `bg-${name}`,
    title,
    tags: ['bg-ingest'],
    schemaVersion: 39,
    version: 1,
    editable: false,
    refresh: '30s',
    timezone: 'utc',
    time: { from: 'now-6h', to: 'now' },
    templating: { list: [] },
    annotations: { list: [] },
    panels: placed(panels).map(({ panel, gridPos }, index) => toPanel(panel, gridPos, index + 1)),
  }
}

function toPanel({ title, about, kind = 'lines', unit, queries }: Panel, gridPos: object, id: number): object {
  return {
    id,
    type: kind === 'stat' ? 'stat' : 'timeseries',
    title,
    ...(about === undefined ? {} : { description: about }),
    gridPos,
    datasource: DATASOURCE,
    fieldConfig: { defaults: { unit, min: 0 }, overrides: [] },
    options:
      kind === 'stat'
        ? { reduceOptions: { calcs: ['lastNotNull'], fields: '', values: false }, colorMode: 'none' }
        : { legend: { displayMode: 'list', placement: 'bottom' }, tooltip: { mode: 'multi' } },
    targets: queries.map(([expr, legendFormat], index) => ({
      refId: String.fromCharCode('A'.charCodeAt(0) + index),
      datasource: DATASOURCE,
      expr,
      legendFormat,
    })),
  }
}

/** From left to right, a new row where the next one does not fit or is of another height. */
function placed(panels: readonly Panel[]) {
  let x = 0
  let y = 0
  let height = 0
  return panels.map((panel) => {
    const { w, h } = SIZES[panel.kind ?? 'lines']
    if (x + w > GRID_WIDTH || (height > 0 && h !== height)) {
      x = 0
      y += height
    }
    height = h
    const gridPos = { x, y, w, h }
    x += w
    return { panel, gridPos }
  })
}
