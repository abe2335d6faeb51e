/**
 * Makes `from` the same as `to`, changing only what differs: what has the focus keeps it, what is scrolled or opened
 * stays so, and a screen reader tells of nothing else. What is marked data-keep belongs to the scripts.
 * @param {Element} from
 * @param {Element} to
 */
export function morph(from, to) {
  if (from.hasAttribute("data-keep")) return;
  morphAttributes(from, to);
  const wanted = [...to.childNodes];
  for (const [index, node] of wanted.entries()) {
    const present = findSame(from, index, node);
    if (present === undefined) from.insertBefore(node.cloneNode(true), from.childNodes[index] ?? null);
    else {
      if (present !== from.childNodes[index]) from.insertBefore(present, from.childNodes[index] ?? null);
      if (present instanceof Element && node instanceof Element) morph(present, node);
      else if (present.nodeValue !== node.nodeValue) present.nodeValue = node.nodeValue;
    }
  }
  while (from.childNodes.length > wanted.length) from.lastChild?.remove();
}

/**
 * The child that is to become `node`: the one of its id, else the one in its place, if that is of the same kind.
 * @param {Element} parent
 * @param {number} index
 * @param {Node} node
 * @returns {ChildNode | undefined}
 */
function findSame(parent, index, node) {
  const id = node instanceof Element ? node.id : "";
  const rest = [...parent.childNodes].slice(index);
  if (id !== "") return rest.find((child) => child instanceof Element && child.id === id);
  const [first] = rest;
  const isSame = first?.nodeName === node.nodeName && !(first instanceof Element && first.id !== "");
  return isSame ? first : undefined;
}

/** Set by whoever looks at the page, or by the scripts; data-opened says that the server has opened it once. */
const OURS = new Set(["open", "disabled", "data-opened"]);

/**
 * @param {Element} from
 * @param {Element} to
 */
function morphAttributes(from, to) {
  for (const { name } of [...from.attributes]) {
    if (!to.hasAttribute(name) && !OURS.has(name)) from.removeAttribute(name);
  }
  const isToOpen = to.hasAttribute("data-opened") && !from.hasAttribute("data-opened");
  if (isToOpen) from.setAttribute("open", "");
  for (const { name, value } of to.attributes) {
    if (name === "open") continue;
    if (from.getAttribute(name) !== value) from.setAttribute(name, value);
  }
}
