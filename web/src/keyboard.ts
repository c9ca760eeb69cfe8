// Keys, and the page that lists them.

import { h } from "./dom"

export interface Key {
  keys: string[]
  label: string
  does: string
  run(event: KeyboardEvent): void
}

/** Listen for single keys, unless something is being typed. */
export function listenForKeys(keys: Key[]): void {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return
    const target = event.target as HTMLElement
    const typing = target.matches("input:not([type=checkbox]), select, textarea")
    if (typing && event.key !== "Escape") return
    const moving = event.key.startsWith("Arrow") && target.closest(".scroller, .tree")
    if (moving) return
    const found = keys.find(({ keys: names }) => names.includes(event.key))
    if (!found) return
    event.preventDefault()
    found.run(event)
  })
}

export function helpDialog(keys: Key[], click: string): HTMLDialogElement {
  const dialog = h(
    "dialog",
    { "aria-label": "Keys" },
    h("h2", {}, "Keys and mouse"),
    h(
      "dl",
      {},
      ...keys.flatMap(({ label, does }) => [h("dt", {}, h("kbd", {}, label)), h("dd", {}, does)]),
      h("dt", {}, "wheel"),
      h("dd", {}, "zooms the timeline around the pointer; with Shift it moves sideways"),
      h("dt", {}, "drag"),
      h("dd", {}, "zooms to what was marked; a double click shows all again"),
      h("dt", {}, "click"),
      h("dd", {}, click),
    ),
    h("form", { method: "dialog" }, h("button", {}, "Close")),
  )
  document.body.append(dialog)
  return dialog
}
