/**
 * What is wrong with the queue or the store, in words. One sentence, and a next step.
 */
export class QueueError extends Error {
  override readonly name = 'QueueError';
  constructor(
    message: string,
    readonly hint?: string,
  ) {
    super(message);
  }
}
