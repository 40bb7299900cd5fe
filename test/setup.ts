/** Before every test file: fast-check's properties take the run's seed. */
import fc from 'fast-check';
import { seed } from './support/seed.js';

fc.configureGlobal({ ...fc.readConfigureGlobal(), seed });
