// The types that several scripts share, for tsc only. What comes from Python is described in jsma/stage/recording.py.

/** A pair of pixels about to be changed: its pixels (flat indices), its numbers, and what came of it. */
export interface Pair {
  first: number;
  second: number;
  alpha: number;
  beta: number;
  score: number;
  before: [number, number];
  after: [number, number];
  forecast: number;
  happened: number;
}

export type Stop = "REACHED_TARGET" | "BUDGET_SPENT" | "NO_ADMISSIBLE_PAIR" | "DOMAIN_EMPTY";

export interface Step {
  reads: number;
  outputs: number[];
  probabilities: number[];
  changed: number;
  sign: 1 | -1;
  jacobian_unit: number;
  jacobian_limit: number;
  map_limits: number[];
  skyband: number[];
  counts: { pixels: number; compared: number; admissible: number; alpha_fails: number; only_beta_fails: number };
  best_pairs: [first: number, second: number, score: number][];
  pair: Pair | null;
  stop: Stop | null;
  reason: string | null;
}

/** The header of a recording, as Python wrote it. */
export interface Facts {
  name: string;
  height: number;
  width: number;
  classes: number;
  label: number;
  target: number;
  rule: string;
  output: "logits" | "probabilities";
  direction: "increase" | "decrease" | "both";
  theta: number;
  gamma: number;
  budget: number;
  jacobian_limit: number;
  steps: Step[];
}

/** A recording as scripts/recording.js reads it: k is an iteration, pixel a flat index. */
export interface Recording extends Facts {
  pixels: number;
  last: number;
  value(k: number, pixel: number): number;
  changed(k: number, pixel: number): boolean;
  inDomain(k: number, pixel: number): boolean;
  a(k: number, pixel: number): number;
  b(k: number, pixel: number): number;
  pull(k: number, pixel: number): number;
  push(k: number, pixel: number): number;
  derivative(k: number, digit: number, pixel: number): number;
  map(k: number, digit: number): Int16Array;
}

export type ViewName = "picture" | "reading" | "jacobian" | "map" | "saliency" | "perturb" | "loop";

/** What a stage is to show of a recording, and how. Another visit jumps to start even within the same recording. */
export interface Setting {
  recording: string;
  start: number;
  visit: number;
  views: ViewName[];
  predict: boolean;
  level: number;
  together?: Together;
}

/** A group of stages on a page that step together: its name, and the last iteration of any of them. */
export interface Together {
  name: string;
  last: number;
}

/** Where the viewer has settled. */
export interface Settled {
  recording: string;
  visit: number;
  step: number;
  hidden: boolean;
}

/** The two pixels shown as p and q, and how they came to be. */
export interface Shown {
  how: "chosen" | "picked" | "partner";
  p: number | null;
  q: number | null;
}

/** A moment of slow motion: one of the three parts of an iteration, how much of it is over, and which beat it is at. */
export interface Phase {
  part: 1 | 2 | 3;
  share: number;
  beat: number;
}

export interface Ranking {
  rank: number;
  bins: Uint32Array;
  share: number;
}

/** One prediction: its rank among all admissible pairs, null for none of them, and its share of the best score. */
export interface Prediction {
  rank: number | null;
  share: number;
  score: number;
}

export type Layout = "phone" | "desk" | "projector";
export type Scope = "map" | "step" | "trace";
export type History = "probability" | "logit" | "promise";
/** Which saliency map: of each pixel by itself, or with its best partner. */
export type Saliency = "alone" | "paired";

/** What the viewer sees of a recording: the step, what is pointed at or picked, and how it is shown. */
export interface View {
  k: number;
  views: ViewName[];
  pixel: number | null;
  digit: number | null;
  partner: number | null;
  predicting: boolean;
  picks: number[];
  revealed: boolean;
  ranking: Ranking | null;
  tally: Map<number, Prediction>;
  mode: "watch" | "predict";
  scope: Scope;
  history: History;
  saliency: Saliency;
  kinds: boolean;
  phase: Phase | null;
  shown: Shown;
  colours: Colours;
  layout: Layout;
  short: boolean;
  /** How many pairs are listed after the best. */
  runners: number;
}

/** The colours of palette.css by their names, tables of colours, and the font. */
export interface Colours {
  theme: string;
  font: string;
  size: { t1: number; t2: number; t3: number };
  diverging: Uint32Array;
  partner: Uint32Array;
  amount: Uint32Array;
  paper: string;
  ink: string;
  ink2: string;
  ink3: string;
  line: string;
  fill: string;
  bar: string;
  dot: string;
  p: string;
  q: string;
  source: string;
  target: string;
  soft: string;
  raises: string;
  lowers: string;
}

/** The numbers of a pair: see pairs.js. */
export interface PairNumbers {
  alpha: number;
  beta: number;
  alphaPasses: boolean;
  betaPasses: boolean;
  out: number | null;
  admissible: boolean;
  score: number;
}

export type Point = [x: number, y: number];
export type Segment = [from: Point, to: Point];
export type Box = { left: number; right: number; top: number; bottom: number };
export type Pen = CanvasRenderingContext2D;

/** How text is written on a canvas; with a halo it reads on dots and lines. */
export interface TextStyle {
  size: number;
  colour: string;
  font: string;
  halo?: string | null;
  align?: CanvasTextAlign;
  weight?: number;
}

// An element of the skeleton by its selector or name: which kind of element it is, the HTML says and tsc cannot know.
// biome-ignore lint/suspicious/noExplicitAny: see above
export type Find = (selector: string) => any;

/** A part of the stage: build() when there is another recording, draw() when anything has changed. */
export interface DrawnView {
  build?(recording: Recording): void;
  draw(recording: Recording, view: View): void;
}

export interface Stage {
  /** What was predicted of a recording before; by itself a stage knows nothing of it. */
  recall: (recording: Recording) => Map<number, Prediction>;
  remember: (recording: Recording, tally: Map<number, Prediction>) => void;
  report(settled: Settled): void;
  receive(setting: Setting, payload: Uint8Array): void;
  end(): void;
}

export type StepWithPair = Step & { pair: Pair };
