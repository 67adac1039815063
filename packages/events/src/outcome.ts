/**
 * How a message ended: taken by the broker (`confirmed`; `returned` where no queue wanted it), refused (`nacked`), without
 * an answer in time (`timeout`), or not sent or lost with the channel (`unavailable`).
 */
export type PublishOutcome = 'confirmed' | 'returned' | 'nacked' | 'timeout' | 'unavailable'

/** The broker has it; a message that no queue wanted is taken too, because then there is nobody to tell. */
export const isTaken = (outcome: PublishOutcome): boolean => outcome === 'confirmed' || outcome === 'returned'

/** `blocked`: connected, but the broker takes nothing now. `off`: closed, or no broker configured. */
export type BrokerState = 'connected' | 'connecting' | 'blocked' | 'off'
