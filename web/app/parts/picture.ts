/**
 * A drawing of the page -> an SVG file that looks the same elsewhere.
 *
 * In:  an svg element as it is drawn.  Out: its copy, with the styles that the page gave it written into it, on the page's ground.
 */
const PROPERTIES = [
  'fill',
  'stroke',
  'stroke-width',
  'stroke-dasharray',
  'opacity',
  'font-size',
  'font-family',
  'text-anchor',
] as const;
const SVG = 'http://www.w3.org/2000/svg';

export function pictureOf(drawn: SVGSVGElement): Blob {
  const copy = drawn.cloneNode(true) as SVGSVGElement;
  const originals = [drawn, ...drawn.querySelectorAll('*')];
  const copies = [copy, ...copy.querySelectorAll('*')];
  originals.forEach((element, i) => {
    const style = getComputedStyle(element);
    for (const property of PROPERTIES) copies[i]!.setAttribute(property, style.getPropertyValue(property));
    copies[i]!.removeAttribute('class');
  });
  const ground = document.createElementNS(SVG, 'rect');
  ground.setAttribute('width', '100%');
  ground.setAttribute('height', '100%');
  ground.setAttribute('fill', getComputedStyle(document.body).backgroundColor);
  copy.prepend(ground);
  copy.setAttribute('xmlns', SVG);
  return new Blob([new XMLSerializer().serializeToString(copy)], { type: 'image/svg+xml' });
}
