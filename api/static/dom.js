// Small helpers to build the page. Data only ever becomes text nodes and attributes: nothing is parsed as HTML.

export const $ = (id) => document.getElementById(id);

/** An element with attributes (`on…` are listeners), and children that are elements or text. */
export function el(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  fill(made, attributes);
  made.append(...children.filter((child) => child !== null && child !== undefined && child !== ""));
  return made;
}

/** The same for SVG. */
export function svg(name, attributes = {}, ...children) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  fill(made, attributes);
  made.append(...children);
  return made;
}

function fill(made, attributes) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (name === "colour") made.style.setProperty("--kind", value);
    else made.setAttribute(name, value === true ? "" : value);
  }
}

export function show(element, yes = true) {
  element.hidden = !yes;
}

let toastTimer = 0;
export function toast(words) {
  const box = $("toast");
  box.textContent = words;
  show(box);
  clearTimeout(toastTimer);
  toastTimer = setTimeout(() => show(box, false), 6000);
}

/** A moment as people write it: 0:07.2, 12:05.0, 1:02:03.4. */
export function clock(seconds) {
  const tenths = Math.max(0, Math.round(seconds * 10));
  const hours = Math.floor(tenths / 36000);
  const minutes = Math.floor(tenths / 600) % 60;
  const rest = ((tenths % 600) / 10).toFixed(1).padStart(4, "0");
  return hours ? `${hours}:${String(minutes).padStart(2, "0")}:${rest}` : `${minutes}:${rest}`;
}

export const spanText = (start, end) => (end - start < 0.1 ? clock(start) : `${clock(start)}–${clock(end)}`);

export const words = (kind) => kind.replaceAll("_", " ");

/** An entity in two or three words: red car, person in blue. */
export function who(entity) {
  const { upper, colour } = entity.attributes || {};
  if (upper) return `${entity.label} in ${upper}`;
  return colour ? `${colour} ${entity.label}` : entity.label;
}

const KIND_COLOURS = {
  appeared: "#2e7d4f", left: "#8a8f8d", entered_zone: "#1c7fb0", left_zone: "#7aa7bf", crossed_line: "#5b57c9",
  stopped: "#b06a00", started: "#6f8f1f", dwelled: "#8d5a9e", approached: "#0f8a8a", near_miss: "#c8262b",
  collision: "#8c0f14", object_left: "#a8478d", object_removed: "#c77fb3", blocked: "#a03d12", together: "#2f8f83",
};

export function kindColour(kind) {
  if (KIND_COLOURS[kind]) return KIND_COLOURS[kind];
  let hash = 0;
  for (const letter of kind) hash = (hash * 31 + letter.charCodeAt(0)) % 360;
  return `hsl(${hash} 45% 45%)`;
}
