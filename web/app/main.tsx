/**
 * The page's entry.
 */
import '../style/base.css';
import '../style/lessons.css';
import '../style/replay.css';
import '../style/source.css';
import '../style/step.css';
import '../style/table.css';
import { render } from 'preact';
import { openServed } from './served.js';
import { Shell } from './shell.js';

render(<Shell />, document.body);
void openServed();
