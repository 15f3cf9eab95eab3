// Mark one text of each look with data-sample, for axe to judge its colours: all the thousands of
// pieces of coloured code of a chapter would take it 20 s. A look is a colour, weight and size, all
// that lies behind, and what a link stands in. A single letter has a look of its own, because axe
// does not judge it.
() => {
  const behind = new Map(), looks = new Set();
  const layers = (element) => {
    if (!element) return "";
    if (!behind.has(element)) {
      const own = getComputedStyle(element);
      const layer = `${own.backgroundColor} ${own.backgroundImage} ${own.opacity} ${own.filter};`;
      const clear = layer === "rgba(0, 0, 0, 0) none 1 none;";
      behind.set(element, layers(element.parentElement) + (clear ? "" : layer));
    }
    return behind.get(element);
  };
  const standing = (link) => {
    if (!link) return "";
    let block = link.parentElement;
    while (getComputedStyle(block).display.startsWith("inline")) block = block.parentElement;
    const size = (element) => element.textContent.trim().length;
    const links = [...block.querySelectorAll("a")].reduce((sum, a) => sum + size(a), 0);
    return [getComputedStyle(block).color, getComputedStyle(link).textDecorationLine,
      size(block) - links > links];
  };
  for (const old of document.querySelectorAll("[data-sample]")) old.removeAttribute("data-sample");
  for (const element of document.body.querySelectorAll("*")) {
    const texts = [...element.childNodes].filter((node) => node.nodeType === 3);
    const text = texts.map((node) => node.data).join("").trim();
    if (!text || !element.checkVisibility({visibilityProperty: true})) continue;
    const own = getComputedStyle(element);
    const look = [own.color, own.fontSize, own.fontWeight, own.textShadow, text.length === 1,
      layers(element), standing(element.closest("a"))].join("|");
    if (!looks.has(look)) element.setAttribute("data-sample", looks.add(look).size);
  }
  return looks.size;
}
