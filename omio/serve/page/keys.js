// The keyboard: one table that is both what keys do and what the help says.

export function listen(actions) {
  const table = new Map(actions.flatMap(({ keys, run }) => keys.map((key) => [key, run])));
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || isTaken(event)) return;
    const named = event.shiftKey && event.key.length > 1 ? `Shift+${event.key}` : event.key;
    const run = digit(event, table) ?? table.get(named);
    if (!run) return;
    event.preventDefault();
    run();
  });
}

// Shift changes what the keys of digits say; where they lie tells.
function digit(event, table) {
  const found = /^Digit([1-9])$/.exec(event.code);
  const run = found && table.get(event.shiftKey ? "Shift+1-9" : "1-9");
  return run ? () => run(Number(found[1]) - 1) : undefined;
}

// Fields and dialogs keep the keys that they need.
function isTaken(event) {
  if (document.querySelector("dialog[open]")) return true;
  const at = event.target.closest("input, select, textarea, button, summary, a");
  if (!at) return false;
  if (event.key === "Escape") return false;
  if (at.matches("button, summary, a, input[type=checkbox], input[type=color]")) return [" ", "Enter"].includes(event.key);
  if (at.matches("input[type=range]")) return /^(Arrow|Page|Home|End)/.test(event.key);
  return true;
}

export function explain(list, actions) {
  for (const { names, does } of actions) {
    const keys = document.createElement("dt");
    keys.append(...names.map((name) => Object.assign(document.createElement("kbd"), { textContent: name })));
    const line = document.createElement("div");
    line.append(keys, Object.assign(document.createElement("dd"), { textContent: does }));
    list.append(line);
  }
}
