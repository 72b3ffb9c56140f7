// The example of a store of one's own keeps what every store must keep.
import '../../examples/custom-store/store.ts';
import { backendContract } from '../contract/backend.ts';

let count = 0;
backendContract('of the example', () => `notebook://${count++}`, { durable: true, chords: 'unlock' });
