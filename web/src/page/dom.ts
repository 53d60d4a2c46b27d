// Elements with their texts: everything goes through textContent, so a label with HTML in it is shown as it is written.

type Child = Node | string | null;
type Properties = Readonly<Record<string, string | number | boolean | ((event: Event) => void) | undefined>>;

const SVG = "http://www.w3.org/2000/svg";

export function h<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  properties: Properties = {},
  ...children: Child[]
): HTMLElementTagNameMap[Name] {
  return filled(document.createElement(name), properties, children);
}

export function svg<Name extends keyof SVGElementTagNameMap>(
  name: Name,
  properties: Properties = {},
  ...children: Child[]
): SVGElementTagNameMap[Name] {
  return filled(document.createElementNS(SVG, name), properties, children);
}

function filled<Kind extends Element>(element: Kind, properties: Properties, children: readonly Child[]): Kind {
  for (const [name, value] of Object.entries(properties)) {
    if (typeof value === "function") element.addEventListener(name, value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== undefined) element.setAttribute(name, String(value));
  }
  element.append(...children.filter((child) => child !== null));
  return element;
}
