/** The queue that results go to in the drain cases. */
export const REPLIES = 'bench.replies';
