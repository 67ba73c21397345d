export type { Invalid } from "./scanner.js";
