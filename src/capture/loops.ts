/**
 * The hot loops of reading captures, as the fast path has them.
 *
 * In:  the fast path.  Out: options for openCapture(): its memory to read into, and its loops for what lies there.
 */
import type { FastPath } from '../memory/fast-path.js';
import type { CaptureOptions } from './open.js';

export const onFastPath = (fastPath: FastPath | null): Pick<CaptureOptions, 'memory' | 'loops'> =>
  fastPath === null
    ? {}
    : {
        memory: fastPath.memory,
        loops: {
          walkRecords: fastPath.entry('capture_records_walkRecords'),
          countStepsBack: fastPath.entry('capture_clock_countStepsBack'),
        },
      };
