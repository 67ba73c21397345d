/** The controls of media-chrome that the template uses, and what they say. */

import "media-chrome/media-controller";
import "media-chrome/media-airplay-button";
import "media-chrome/media-fullscreen-button";
import "media-chrome/media-loading-indicator";
import "media-chrome/media-mute-button";
import "media-chrome/media-pip-button";
import "media-chrome/media-play-button";
import "media-chrome/media-preview-chapter-display";
import "media-chrome/media-preview-time-display";
import "media-chrome/media-playback-rate-button";
import "media-chrome/media-time-display";
import "media-chrome/media-time-range";
import "media-chrome/media-volume-range";

import { addTranslation, setLanguage } from "media-chrome/utils/i18n";

/** Gives the controls their texts, whatever the browser's language is. Controls that exist keep theirs. */
export function nameControls(texts: Record<string, string>): void {
    addTranslation("en", texts);
    setLanguage("en");
}
