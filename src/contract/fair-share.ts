/**
 * A part of something that all integrations share. Whoever has more than that has to leave as much of it to the others.
 */
export const fairShare = 1 / 4

/**
 * How full an owner may make what all share.
 * @param owned how much of it the owner has already
 */
export function fillableBy(owned: number, whole: number): number {
  const share = whole * fairShare
  return owned > share ? whole - share : whole
}
