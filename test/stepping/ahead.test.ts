/**
 * Reading ahead changes nothing but when a window is read: whoever steps, at whatever pace, sees the same documents; and who steps
 * on never waits for a replay of his own.
 */
import { describe, expect, it } from 'vitest';
import { createStepper } from '../../src/stepping/stepper.js';
import { caseNamed, documentOf, reopened } from './reopened.js';

const pause = (ms: number): Promise<void> => new Promise(resume => setTimeout(resume, ms));

describe('a stepper that reads ahead', () => {
  const { stepper, reopen, compiled, options } = reopened(caseNamed('pcaps/scan'));
  const whole = stepper(1000);

  it.each([
    ['without a pause', 0],
    ['with pauses', 15],
  ])('tells the same, forward and back, %s', async (_, ms) => {
    const narrow = stepper(8);
    const total = 135;
    const way = [
      ...Array.from({ length: total }, (_, i) => i + 1),
      60,
      61,
      62,
      130,
      3,
      2,
      1,
      80,
      79,
      78,
      77,
      76,
      75,
      74,
    ];
    for (const number of way) {
      expect(await documentOf(narrow, number), `packet ${number}`).toEqual(await documentOf(whole, number));
      if (ms > 0) await pause(ms);
    }
    narrow.close();
  });

  it('has the next window before it is needed', async () => {
    // A window that is read ahead reports no progress.
    let waited = 0;
    const onProgress = (): void => {
      waited++;
    };
    const steps = createStepper(reopen, compiled, { ...options, onProgress }, 16);
    await steps.step(40);
    const first = waited;
    expect(first).toBeGreaterThan(0);
    for (let number = 41; number < 100; number++) {
      await steps.step(number);
      await pause(30);
    }
    for (let number = 99; number > 41; number--) {
      await steps.step(number);
      await pause(30);
    }
    expect(waited).toBe(first);
    steps.close();
  });
});
