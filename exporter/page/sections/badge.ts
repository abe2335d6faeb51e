import { type Html, html } from "../../../service/html.ts";

/** How something is: the colour never stands alone, the word says the same. */
export type Tone = "good" | "critical" | "warning" | "notice" | "unknown";

export function badge(tone: Tone, text: string): Html {
  return html`<span class="badge ${tone}">${text}</span>`;
}
