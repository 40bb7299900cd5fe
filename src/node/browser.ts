/**
 * The user's browser: an address -> opened in it, by whatever program this system has for that.
 */
import { spawn } from 'node:child_process';

const PROGRAMS: Partial<Record<NodeJS.Platform, readonly string[]>> = {
  darwin: ['open'],
  // The empty word is the window's title.
  win32: ['cmd', '/c', 'start', ''],
};

/** @param onFailure is told why, in a part of a sentence; it may be called later, or never */
export function openBrowser(address: string, onFailure: (why: string) => void): void {
  const [program = '', ...args] = PROGRAMS[process.platform] ?? ['xdg-open'];
  const child = spawn(program, [...args, address], { stdio: 'ignore', detached: true });
  child.on('error', error => {
    const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    onFailure(isMissing ? `there is no program ${program}` : `${program}: ${error.message}`);
  });
  child.on('exit', code => {
    if (code !== null && code !== 0) onFailure(`${program} ended with exit code ${code}`);
  });
  // It may outlive us.
  child.unref();
}
