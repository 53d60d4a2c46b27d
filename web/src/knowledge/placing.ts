// Places for boxes and the lines between them (src/hodu/knowledge/placing.py): columns from left to right, and in each a slot for every box, label and passing line.

const GAP = 14; // between the slots of a column
const SWEEPS = 8;

export interface Slot {
  readonly width: number;
  height: number;
  readonly column: number;
  readonly near: Slot[];
  x: number; // of its middle
  y: number;
}

export function slot(width: number, height: number, column: number): Slot {
  return { width, height, column, near: [], x: 0, y: 0 };
}

/** Orders each column but the first, and gives all slots their middle. Columns are `bend` apart. */
export function place(columns: Slot[][], bend: number): void {
  order(columns);
  for (const column of columns)
    settle(
      column,
      column.map((_, number) => stacked(column, number)),
    );
  for (let sweep = 0; sweep < 2 * SWEEPS; sweep += 1)
    for (const column of sweep % 2 ? [...columns].reverse() : columns)
      settle(
        column,
        column.map((one) =>
          mean(
            one.near.map((other) => other.y),
            one.y,
          ),
        ),
      );
  across(columns, bend);
  const top = Math.min(0, ...columns.flat().map((one) => one.y - one.height / 2));
  for (const one of columns.flat()) one.y -= top;
}

function order(columns: Slot[][]): void {
  for (let sweep = 0; sweep < SWEEPS; sweep += 1) {
    const rank = new Map(columns.flatMap((column) => column.map((one, number) => [one, number] as const)));
    const relative = (one: Slot): number => ((rank.get(one) ?? 0) + 0.5) / columns[one.column].length;
    for (const column of sweep % 2 ? [...columns].reverse() : columns) {
      if (!column.length || column[0].column === 0) continue;
      const wanted = new Map(column.map((one) => [one, mean(one.near.map(relative), 0.5)]));
      column.sort((one, other) => (wanted.get(one) ?? 0) - (wanted.get(other) ?? 0));
      column.forEach((one, number) => rank.set(one, number));
    }
  }
}

function mean(numbers: readonly number[], otherwise: number): number {
  return numbers.length ? numbers.reduce((sum, one) => sum + one, 0) / numbers.length : otherwise;
}

function stacked(column: readonly Slot[], number: number): number {
  const high = (some: readonly Slot[]): number => some.reduce((sum, one) => sum + one.height + GAP, 0);
  return high(column.slice(0, number)) + column[number].height / 2 - high(column) / 2;
}

/** The heights nearest to the wanted ones that keep order and distance: slots in each other's way become a block that moves as one. */
function settle(column: readonly Slot[], wanted: readonly number[]): void {
  const blocks: { mean: number; count: number }[] = [];
  const offsets: number[] = [];
  let offset = 0;
  column.forEach((one, number) => {
    if (number) offset += (column[number - 1].height + one.height) / 2 + GAP;
    offsets.push(offset);
    let block = { mean: wanted[number] - offset, count: 1 };
    for (let last = blocks.at(-1); last && last.mean >= block.mean; last = blocks.at(-1)) {
      blocks.pop();
      const count = last.count + block.count;
      block = { mean: (last.mean * last.count + block.mean * block.count) / count, count };
    }
    blocks.push(block);
  });
  const levels = blocks.flatMap((block) => Array<number>(block.count).fill(block.mean));
  column.forEach((one, number) => {
    one.y = levels[number] + offsets[number];
  });
}

function across(columns: readonly Slot[][], bend: number): void {
  let left = 0;
  for (const column of columns) {
    const widest = Math.max(0, ...column.map((one) => one.width));
    for (const one of column) one.x = left + widest / 2;
    left += widest + bend;
  }
}
