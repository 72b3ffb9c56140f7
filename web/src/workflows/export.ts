// The picture as a file: an SVG that looks the same without these pages, and Mermaid's text.
import { t } from '../language/text.ts';
import { toast } from '../ui/toaster.tsx';

const COPIED = [
  ...['fill', 'stroke', 'stroke-width', 'stroke-dasharray', 'stroke-linecap', 'stroke-linejoin'],
  ...['font-family', 'font-size', 'font-weight', 'text-anchor', 'width', 'height', 'opacity'],
] as const;

/** Every look as it is computed now, written into the elements. null: no graph is drawn. */
export function svgOf(graph: SVGSVGElement | null): string | null {
  if (!graph) return null;
  const copy = graph.cloneNode(true) as SVGSVGElement;
  const [from, to] = [graph, copy].map((root) => [root, ...root.querySelectorAll('*')]);
  to!.forEach((element, i) => {
    const style = getComputedStyle(from![i]!);
    for (const name of ['class', 'role', 'tabindex', 'aria-label', 'aria-pressed', 'style', 'data-state'])
      element.removeAttribute(name);
    const isText = element.tagName === 'text';
    const isShape = ['rect', 'path', 'circle', 'line'].includes(element.tagName);
    for (const name of COPIED) {
      const isSize = name === 'width' || name === 'height';
      if (isSize ? element.tagName !== 'svg' || element === copy : !(isText || isShape)) continue;
      if (!isText && (name.startsWith('font') || name === 'text-anchor')) continue;
      const value = style.getPropertyValue(name);
      if (value !== '') element.setAttribute(name, value);
    }
  });
  copy.setAttribute('xmlns', 'http://www.w3.org/2000/svg');
  const ground = document.createElementNS('http://www.w3.org/2000/svg', 'rect');
  for (const [name, value] of Object.entries({ width: '100%', height: '100%', fill: groundOf(graph) }))
    ground.setAttribute(name, value);
  copy.prepend(ground);
  return new XMLSerializer().serializeToString(copy);
}

function groundOf(element: Element): string {
  for (let one: Element | null = element; one; one = one.parentElement) {
    const { backgroundColor } = getComputedStyle(one);
    if (backgroundColor !== 'rgba(0, 0, 0, 0)' && backgroundColor !== 'transparent') return backgroundColor;
  }
  return 'white';
}

export function download(text: string, name: string, type: string): void {
  const url = URL.createObjectURL(new Blob([text], { type }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  URL.revokeObjectURL(url);
  toast(t('Saved {name}', { name }));
}
