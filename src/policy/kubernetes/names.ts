/**
 * What Kubernetes allows as names, label keys and values, port names: text -> the API server's own complaints.
 * Source: https://github.com/kubernetes/kubernetes, apimachinery/pkg/util/validation and pkg/api/validate/content.
 */
const LABEL = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
const SUBDOMAIN = `${LABEL}(\\.${LABEL})*`;
const KEY = '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]';
const ALPHANUMERIC = "alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";

const label = new RegExp(`^${LABEL}$`);
const subdomain = new RegExp(`^${SUBDOMAIN}$`);
const key = new RegExp(`^${KEY}$`);
const value = new RegExp(`^(${KEY})?$`);

/** Regular expressions see at most this much: longer texts have been told to be too long. */
const LONGEST = 1024;

const matches = (pattern: RegExp, text: string): boolean => pattern.test(text.slice(0, LONGEST));

const expression = (message: string, pattern: string, ...examples: string[]): string =>
  `${message} (e.g. ${examples.map(example => `'${example}'`).join(',  or ')}, regex used for validation is '${pattern}')`;

const tooLong = (limit: number): string => `must be no more than ${limit} characters`;

export function labelComplaints(text: string): string[] {
  const complaints = text.length > 63 ? [tooLong(63)] : [];
  if (matches(label, text)) return complaints;
  if (matches(subdomain, text)) return [...complaints, 'must not contain dots'];
  const rule =
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character";
  return [...complaints, expression(rule, LABEL, 'my-name', '123-abc')];
}

export function subdomainComplaints(text: string): string[] {
  const complaints = text.length > 253 ? [tooLong(253)] : [];
  if (matches(subdomain, text)) return complaints;
  const rule =
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character";
  return [...complaints, expression(rule, SUBDOMAIN, 'example.com')];
}

/** Short enough in both parts, whatever they are. */
const shortKey = new RegExp(`^(${SUBDOMAIN}/)?${KEY}$`);

export function labelKeyComplaints(text: string): string[] {
  if (text.length <= 63 && shortKey.test(text)) return [];
  const parts = text.split('/', 3);
  const rule = (what: string) =>
    expression(`${what} must consist of ${ALPHANUMERIC}`, KEY, 'MyName', 'my.name', '123-abc');
  if (parts.length > 2) {
    return [`${rule('a valid label key')} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`];
  }
  const name = parts[parts.length - 1]!;
  const complaints: string[] = [];
  if (parts.length === 2) {
    if (parts[0] === '') complaints.push('prefix part must be non-empty');
    else complaints.push(...subdomainComplaints(parts[0]!).map(complaint => `prefix part ${complaint}`));
  }
  if (name === '') complaints.push('name part must be non-empty');
  else if (name.length > 63) complaints.push(`name part ${tooLong(63)}`);
  if (!matches(key, name)) complaints.push(rule('name part'));
  return complaints;
}

export function labelValueComplaints(text: string): string[] {
  const complaints = text.length > 63 ? [tooLong(63)] : [];
  if (matches(value, text)) return complaints;
  const rule = `a valid label must be an empty string or consist of ${ALPHANUMERIC}`;
  return [...complaints, expression(rule, `(${KEY})?`, 'MyValue', 'my_value', '12345')];
}

export function portNameComplaints(text: string): string[] {
  const complaints: string[] = [];
  if (text.length > 15) complaints.push(tooLong(15));
  if (!/^[-a-z0-9]+$/.test(text)) {
    complaints.push('must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)');
  }
  if (!/[a-z]/.test(text)) complaints.push('must contain at least one letter (a-z)');
  if (text.includes('--')) complaints.push('must not contain consecutive hyphens');
  if (text.startsWith('-') || text.endsWith('-')) complaints.push('must not begin or end with a hyphen');
  return complaints;
}

export function portNumberComplaints(port: number): string[] {
  return port >= 1 && port <= 65535 ? [] : ['must be between 1 and 65535, inclusive'];
}
