// Starts a page: its data is taken out of the document, and how long it took stands on the root.

import { byId } from "./dom"

/** Start with what stands in the document under some ids; `take` gives each once. */
export async function load(
  start: (take: (id: string) => string) => void | Promise<void>,
): Promise<void> {
  if (!("DecompressionStream" in window)) {
    byId("app").append("This browser is too old for the report: it needs one of 2023 or later.")
    return
  }
  const began = performance.now()
  await start((id) => {
    const element = byId(id)
    element.remove()
    return element.textContent ?? ""
  })
  document.documentElement.dataset.ready = (performance.now() - began).toFixed(0)
}
