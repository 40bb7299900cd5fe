/**
 * Something of the page -> a file of the reader's.
 */
export function download(name: string, blob: Blob): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = name.replace(/^.*[/\\]/, '');
  link.click();
  // The browser needs it until the download has begun.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

export const downloadText = (name: string, text: string): void =>
  download(name, new Blob([text], { type: 'text/yaml' }));
