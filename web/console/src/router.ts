/** The route that the address says. The console has no other state that a link could lose. */

import { signal } from "@preact/signals";

import { href, parse, type Route } from "./model/route.ts";

export const route = signal<Route>(parse(location.hash));

addEventListener("hashchange", () => (route.value = parse(location.hash)));

/** Goes to a route. */
export function go(to: Route): void {
    location.hash = href(to);
}

/** Shows a route in place of the present one, so that the back button passes over the present one. */
export function replace(to: Route): void {
    history.replaceState(null, "", href(to));
    route.value = to;
}
