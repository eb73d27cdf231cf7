/** How an outage of the broker goes on: it has begun, it has another cause as well, or it is over. */
export type BrokerChange = 'away' | 'still away' | 'back'

/**
 * Told of an outage.
 * @param lostCode why the broker is away; undefined when it is back
 */
export type OnBrokerChange = (change: BrokerChange, lostCode?: string) => void

/** Notes what becomes of one connection. */
export interface ConnectionNotes {
  /** There is no connection; the code says why, and is told again with each attempt that fails. */
  readonly onLost: (code: string) => void
  readonly onConnected: () => void
}

/**
 * Makes one outage of what happens to several connections: each cause is told once, and the end when all are there again.
 * @returns makes the notes of one more connection
 */
export function watchOutage(onChange: OnBrokerChange): () => ConnectionNotes {
  const lost = new Set<ConnectionNotes>()
  const causes = new Set<string>()
  return () => {
    const notes: ConnectionNotes = {
      onLost: (code) => {
        lost.add(notes)
        if (causes.has(code)) return
        causes.add(code)
        onChange(causes.size === 1 ? 'away' : 'still away', code)
      },
      onConnected: () => {
        if (!lost.delete(notes) || lost.size > 0) return
        causes.clear()
        onChange('back')
      },
    }
    return notes
  }
}
