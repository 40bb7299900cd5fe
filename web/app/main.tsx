/**
 * The page's entry.
 */
import '../style/base.css';
import { render } from 'preact';
import { Shell } from './shell.js';

render(<Shell />, document.body);
