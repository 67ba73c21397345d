/** The sample recordings, which come with the page: for a first look at an empty installation. */

import chapters from "../../../../samples/chapters.mkv?url";
import counter from "../../../../samples/counter.mp4?url";
import music from "../../../../samples/formats/frames.flac?url";

import { mediaType } from "../model/listing.ts";
import { Failure } from "./http.ts";
import { createSpace } from "./spaces.ts";
import { add } from "./uploads.ts";

/** The space that they are stored in. */
export const SAMPLES = "samples";

const FILES = { "counter.mp4": counter, "chapters.mkv": chapters, "tone.flac": music };

/** Creates the space, and begins to upload the recordings into it as a person would. */
export async function addSamples(): Promise<void> {
    const files = Object.entries(FILES).map(async ([name, address]) => {
        const response = await fetch(address);
        if (!response.ok) throw new Failure(response.status, response.statusText);
        return { content: name, file: new File([await response.blob()], name, { type: mediaType(name, "") ?? "" }) };
    });
    const chosen = await Promise.all(files);
    await createSpace(SAMPLES);
    add(SAMPLES, chosen);
}
