/** Contract 5: durable, of kind topic. */
export const EXCHANGE = 'bg.events'
/** CloudEvents 1.0, structured. */
export const CONTENT_TYPE = 'application/cloudevents+json'
