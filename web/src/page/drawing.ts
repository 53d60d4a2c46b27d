// A small graph as a picture (src/hodu/knowledge/drawing.py), whose lines can be pressed.

import type { Edge, Node } from "../knowledge/explain.ts";
import { place, type Slot, slot } from "../knowledge/placing.ts";
import { shortened, width } from "../knowledge/plain.ts";
import { svg } from "./dom.ts";

const SIZE = 15; // of letters: names
const SMALL = 12.5; // notes and labels of lines
const [LINE, PADDING, MARGIN, BEND] = [1.35, 12, 10, 26];
const LEAST = 0.72; // of its size, on a narrow screen; what is wider still is moved with a finger
const [TIP, APART] = [9, 14]; // of an arrow; two lines where they meet a box

interface Line {
  readonly slots: Slot[];
  readonly label: Slot;
  readonly edge: Edge;
}

export interface Drawing {
  readonly nodes: readonly Node[];
  readonly edges: readonly Edge[];
  readonly title: string;
  readonly narrow: boolean; // shorter names, for a phone held upright
  readonly removal: (sentence: string) => string; // what pressing a line does, in words
  readonly remove: (edge: Edge) => void;
}

export function draw(drawing: Drawing): SVGSVGElement {
  const { nodes, edges, title } = drawing;
  const most = drawing.narrow ? { name: 7.5, label: 7 } : { name: 14, label: 12 };
  const boxes = columnsOf(nodes, edges).map((column, number) => box(nodes[number], column, most.name));
  const last = Math.max(0, ...boxes.map((one) => one.column));
  const columns: Slot[][] = Array.from({ length: last + 2 }, () => []);
  for (const one of boxes) columns[one.column].push(one);
  const lines = edges.map((edge) => lineOf(boxes, edge, columns, last, most.label));
  heighten(boxes, lines);
  place(columns, BEND);
  const wide = 2 * MARGIN + Math.max(0, ...columns.flat().map((one) => one.x + one.width / 2));
  const high = 2 * MARGIN + Math.max(0, ...columns.flat().map((one) => one.y + one.height / 2));
  const sides = columns.map((column) => Math.max(0, ...column.map((one) => one.width / 2)));
  const ports = portsOf(lines);
  const drawn = lines.map((one, number) =>
    pressable(drawing, one, pathOf(one, boxes, nodes, ports[number], sides), most.label),
  );
  const picture = svg(
    "svg",
    {
      class: "graph",
      role: "group",
      "aria-label": title,
      width: Math.ceil(wide),
      height: Math.ceil(high),
      viewBox: `0 0 ${Math.ceil(wide)} ${Math.ceil(high)}`,
    },
    svg(
      "g",
      { transform: `translate(${MARGIN} ${MARGIN})` },
      ...drawn,
      ...nodes.map((node, number) => boxOf(node, boxes[number], most.name)),
    ),
  );
  picture.style.minWidth = `${Math.ceil(LEAST * wide)}px`;
  return picture;
}

/** The column of each node: even numbers, by distance from a mention, the answer last; labels of lines stand in the odd ones between. */
function columnsOf(nodes: readonly Node[], edges: readonly Edge[]): number[] {
  const distance = new Map<number, number>();
  nodes.forEach((node, number) => node.role === "mention" && distance.set(number, 0));
  const waiting = [...distance.keys()];
  for (let number = waiting.shift(); number !== undefined; number = waiting.shift())
    for (const { subject, object } of edges) {
      const other = subject === number ? object : object === number ? subject : -1;
      if (other < 0 || distance.has(other) || nodes[other].role !== "other") continue;
      distance.set(other, (distance.get(number) ?? 0) + 1);
      waiting.push(other);
    }
  const layers = nodes.map((_, number) => distance.get(number) ?? 1);
  const furthest = Math.max(-1, ...layers.filter((_, number) => nodes[number].role !== "answer"));
  const all = layers.map((layer, number) => (nodes[number].role === "answer" ? furthest + 1 : layer));
  const used = [...new Set(all)].sort((one, other) => one - other);
  return all.map((layer) => 2 * used.indexOf(layer));
}

function box(node: Node, column: number, most: number): Slot {
  const bold = node.role === "answer" ? 1.08 : 1;
  const wide = Math.max(bold * SIZE * width(shortened(node.name, most)), SMALL * width(noteOf(node, most)));
  const high = LINE * (SIZE + (node.note ? SMALL : 0)) + PADDING;
  return slot(wide + 2 * PADDING + (node.role === "answer" ? high / 2 : 0), high, column);
}

/** Small letters: as much as has room under a name. */
function noteOf(node: Node, most: number): string {
  return shortened(node.note, (most * SIZE) / SMALL);
}

/** A label that is too wide goes on in a second line. */
function linesOf(label: string, most: number): string[] {
  if (width(label) <= most) return [label];
  const words = label.split(" ");
  let first = words.shift() ?? "";
  while (words.length && width(`${first} ${words[0]}`) <= most) first += ` ${words.shift()}`;
  return [first, words.join(" ")].filter(Boolean).map((line) => shortened(line, most));
}

/** Puts a slot for the label, and one wherever the line passes, into the columns between its ends. */
function lineOf(boxes: readonly Slot[], edge: Edge, columns: readonly Slot[][], last: number, most: number): Line {
  let [one, other] = [boxes[edge.subject], boxes[edge.object]];
  if (one.column > other.column) [one, other] = [other, one];
  const beside = one.column < last || last === 0 ? one.column + 1 : one.column - 1;
  const between =
    one.column === other.column
      ? [beside]
      : Array.from({ length: other.column - one.column - 1 }, (_, step) => one.column + 1 + step);
  const odd = between.filter((column) => column % 2);
  const emptiest = odd.reduce(
    (best, column) => (columns[column].length < columns[best].length ? column : best),
    odd[0],
  );
  const said = linesOf(edge.label, most);
  const made = between.map((column) => {
    const size =
      column === emptiest
        ? ([SMALL * Math.max(...said.map(width)) + 12, said.length * SMALL * LINE + 6] as const)
        : ([0, 2] as const);
    const passing = slot(...size, column);
    columns[column].push(passing);
    return passing;
  });
  const slots = [one, ...made, other];
  slots.slice(1).forEach((right, number) => {
    slots[number].near.push(right);
    right.near.push(slots[number]);
  });
  return { slots, label: made[between.indexOf(emptiest)], edge };
}

/** The two ends of a line: a box, the slot beside it, and on which side that is. */
function endsOf({ slots }: Line): readonly { box: Slot; beside: Slot; right: boolean }[] {
  const pairs = [
    [slots[0], slots[1]],
    [slots[slots.length - 1], slots[slots.length - 2]],
  ];
  return pairs.map(([one, beside]) => ({ box: one, beside, right: beside.column > one.column }));
}

/** Makes boxes high enough for the tips of all lines on a side. */
function heighten(boxes: readonly Slot[], lines: readonly Line[]): void {
  const ends = lines.flatMap(endsOf);
  for (const one of boxes) {
    const on = (right: boolean): number => ends.filter((end) => end.box === one && end.right === right).length;
    one.height = Math.max(one.height, APART * Math.max(on(false), on(true)) + PADDING);
  }
}

/** The heights at which the two ends of each line meet their boxes: lines of one side are spread, in the order of where they go. */
function portsOf(lines: readonly Line[]): [number, number][] {
  const ports = lines.map((): [number, number] => [0, 0]);
  const ends = lines.flatMap((line, number) => endsOf(line).map((end, which) => ({ ...end, number, which })));
  for (const end of ends) {
    const same = ends.filter((other) => other.box === end.box && other.right === end.right);
    same.sort((one, other) => one.beside.y - other.beside.y || one.number - other.number || one.which - other.which);
    ports[end.number][end.which] = end.box.y + APART * (same.indexOf(end) - (same.length - 1) / 2);
  }
  return ports;
}

/** The line, level inside columns and bent between them, and its tip at the object. */
function pathOf(
  { slots, edge }: Line,
  boxes: readonly Slot[],
  nodes: readonly Node[],
  ends: readonly [number, number],
  sides: readonly number[],
): { line: string; tip: string } {
  const heights = [ends[0], ...slots.slice(1, -1).map((one) => one.y), ends[1]];
  const ways = slots.slice(1).map((after, number) => (after.column > slots[number].column ? 1 : -1));
  const tipFirst = boxes[edge.object] === slots[0] && boxes[edge.subject] !== slots[0];
  const rim = (one: Slot, way: number, height: number): number =>
    one.x + way * reach(one, nodes[boxes.indexOf(one)], height);
  const first = rim(slots[0], ways[0], ends[0]);
  const last = rim(slots[slots.length - 1], -ways[ways.length - 1], ends[1]);
  const inset = TIP - 2;
  let line = `M${fixed(first + (tipFirst ? inset * ways[0] : 0), ends[0])}`;
  ways.forEach((way, number) => {
    const [before, after] = [slots[number], slots[number + 1]];
    const [leave, come] = [before.x + way * sides[before.column], after.x - way * sides[after.column]];
    const bend = (leave + come) / 2;
    line += `L${fixed(leave, heights[number])}C${fixed(bend, heights[number])} ${fixed(bend, heights[number + 1])} ${fixed(come, heights[number + 1])}`;
    if (number + 1 < ways.length) line += `L${fixed(after.x, heights[number + 1])}`;
  });
  line += `L${fixed(last - (tipFirst ? 0 : inset * ways[ways.length - 1]), ends[1])}`;
  const [x, y, way] = tipFirst ? [first, ends[0], -ways[0]] : [last, ends[1], ways[ways.length - 1]];
  return { line, tip: `M${fixed(x, y)}L${fixed(x - way * TIP, y - TIP / 2)}L${fixed(x - way * TIP, y + TIP / 2)}Z` };
}

function fixed(x: number, y: number): string {
  return `${x.toFixed(1)} ${y.toFixed(1)}`;
}

/** How far a box's rim is from its middle at a height: an answer has round ends. */
function reach(one: Slot, node: Node, height: number): number {
  if (node.role !== "answer") return one.width / 2;
  const radius = one.height / 2;
  return one.width / 2 - radius + Math.sqrt(Math.max(radius ** 2 - (height - one.y) ** 2, 0));
}

function pressable(
  drawing: Drawing,
  { edge, label }: Line,
  path: { line: string; tip: string },
  most: number,
): SVGGElement {
  const press = (event: Event): void => {
    if (event instanceof KeyboardEvent && event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    drawing.remove(edge);
  };
  return svg(
    "g",
    {
      class: "edge",
      role: "button",
      tabindex: 0,
      "aria-label": drawing.removal(edge.sentence),
      click: press,
      keydown: press,
    },
    svg("title", {}, drawing.removal(edge.sentence)),
    svg("path", { class: "hit", d: path.line }),
    svg("path", { class: "line", d: path.line }),
    svg("path", { class: "tip", d: path.tip }),
    svg("rect", { class: "under", ...placed(label), rx: 6 }),
    ...linesOf(edge.label, most).map((line, number, { length }) =>
      svg(
        "text",
        { class: "said", x: label.x, y: label.y + (0.35 + LINE * (number - (length - 1) / 2)) * SMALL },
        line,
      ),
    ),
  );
}

/** A mention has nearly square corners and a broken rim, an answer round ends, a thick rim and bold letters: who sees no colours sees the same. */
function boxOf(node: Node, one: Slot, most: number): SVGGElement {
  const corner = { mention: 4, answer: one.height / 2, other: 9 }[node.role];
  const first = one.y + 0.35 * SIZE - (node.note ? (LINE * SMALL) / 2 : 0);
  return svg(
    "g",
    { class: node.role },
    svg("title", {}, node.name),
    svg("rect", { ...placed(one), rx: corner }),
    svg("text", { class: "name", x: one.x, y: first }, shortened(node.name, most)),
    node.note ? svg("text", { class: "note", x: one.x, y: first + LINE * SIZE }, noteOf(node, most)) : null,
  );
}

function placed(one: Slot): Record<string, string> {
  const [x, y] = [one.x - one.width / 2, one.y - one.height / 2];
  return { x: x.toFixed(1), y: y.toFixed(1), width: one.width.toFixed(1), height: one.height.toFixed(1) };
}
