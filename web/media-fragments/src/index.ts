/** W3C Media Fragments: parse, serialise, normalise, resolve, and fetch over HTTP. */

export { type Area, areaIn, type Rectangle } from "./area.js";
export { type FetchedFragment, fetchFragment, type FetchOptions, FragmentError, toBlob } from "./fetch.js";
export {
    type Fragment,
    type Ignored,
    isEmpty,
    normalize,
    parse,
    type Parsed,
    parseUrl,
    type Reason,
    serialize,
    toRange,
} from "./fragment.js";
export { type ByteRange, type Mapping, parseMapping } from "./mapping.js";
export type { Part } from "./multipart.js";
export {
    between,
    type Chapter,
    fromSeconds,
    type Interval,
    type Media,
    resolve,
    type Resolved,
    seconds,
} from "./resolve.js";
export type { Invalid } from "./scanner.js";
export type { SmpteFormat, TimeCode } from "./smpte.js";
export type { Stretch, Temporal } from "./temporal.js";
