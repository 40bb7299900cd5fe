#!/usr/bin/env node
/** The npm package pcap-parser over a capture, as a peer to compare with: node bench/pcap-parser.mjs CAPTURE */
import { createRequire } from 'node:module';

const { parse } = createRequire(import.meta.url)('pcap-parser');
let packets = 0;
const parser = parse(process.argv[2]);
parser.on('packet', () => packets++);
parser.on('end', () => process.stdout.write(`${packets}\n`));
