/** The player's shadow tree. Texts come from `texts.ts`: `data-text` names what an element shows, `data-label` its label. */

const icon = (path: string) => `<svg viewBox="0 0 24 24" aria-hidden="true"><path d="${path}"/></svg>`;

const SHARE =
    "M18 16.1a3 3 0 0 0-2 .8l-7.1-4.2a3 3 0 0 0 0-1.4L16 7.1a3 3 0 1 0-1-2.1c0 .2 0 .5.1.7L8 9.8a3 3 0 1 0 0 4.4l7.1 4.2-.1.6a3 3 0 1 0 3-2.9z";
const HELP =
    "M4 5h16a2 2 0 0 1 2 2v10a2 2 0 0 1-2 2H4a2 2 0 0 1-2-2V7c0-1.1.9-2 2-2zm1 3v2h2V8zm4 0v2h2V8zm4 0v2h2V8zm4 0v2h2V8zM5 11.5v2h2v-2zm4 0v2h2v-2zm4 0v2h2v-2zm4 0v2h2v-2zM8 15v1.8h8V15z";
const AREA = "M3 3h6v2H5v4H3zm12 0h6v6h-2V5h-4zM3 15h2v4h4v2H3zm16 0h2v6h-6v-2h4zM8 8h8v8H8z";
const CLOSE = "m19 6.4-1.4-1.4-5.6 5.6L6.4 5 5 6.4l5.6 5.6L5 17.6 6.4 19l5.6-5.6 5.6 5.6 1.4-1.4-5.6-5.6z";
const SOUND =
    "M3 10v4h3l5 4V6L6 10zm11.5 2A4.5 4.5 0 0 0 12.9 8.6v6.8a4.5 4.5 0 0 0 1.6-3.4zM15 4.3v2.1a6 6 0 0 1 0 11.2v2.1a8 8 0 0 0 0-15.4z";
const CHAPTERS = "M3 5h2v2H3zm4 0h14v2H7zM3 11h2v2H3zm4 0h14v2H7zm-4 6h2v2H3zm4 0h14v2H7z";
const CAPTIONS =
    "M4 4h16a2 2 0 0 1 2 2v12a2 2 0 0 1-2 2H4a2 2 0 0 1-2-2V6c0-1.1.9-2 2-2zm0 2v12h16V6zm2 3h5v2H8v2h3v2H6zm7 0h5v2h-3v2h3v2h-5z";
const REMOTE =
    "M3 4h18a2 2 0 0 1 2 2v12a2 2 0 0 1-2 2h-7v-2h7V6H3v3H1V6c0-1.1.9-2 2-2zM1 18v3h3a3 3 0 0 0-3-3zm0-4v2a5 5 0 0 1 5 5h2a7 7 0 0 0-7-7zm0-4v2a9 9 0 0 1 9 9h2A11 11 0 0 0 1 10z";
const PLAY = "M8 5v14l11-7z";

const panel = (id: string, title: string, content: string) => `
  <section id="${id}" class="panel" part="panel ${id}-panel" role="dialog" aria-labelledby="${id}-title" hidden>
    <header>
      <h2 id="${id}-title" data-text="${title}"></h2>
      <button type="button" class="icon" data-close data-label="close">${icon(CLOSE)}</button>
    </header>
    ${content}
  </section>`;

const menu = (name: string) => `
  <div id="${name}" class="menu" part="menu ${name}-menu" hidden>
    <div id="${name}-list" role="menu" data-label="${name}"></div>
  </div>`;

const menuButton = (name: string, path: string) => `
        <button type="button" id="${name}-button" class="icon" part="button ${name}-button" aria-haspopup="menu"
          aria-expanded="false" data-label="${name}" hidden>${icon(path)}</button>`;

export const TEMPLATE = `
<div id="frame" part="frame">
  <media-controller id="controller" part="controller" nohotkeys novolumepref nomutedpref nosubtitleslangpref>
    <video id="video" slot="media" part="video" tabindex="-1"></video>
    <media-loading-indicator id="loading" slot="centered-chrome" noautohide></media-loading-indicator>
    <button id="big" type="button" slot="centered-chrome" part="big-play-button" tabindex="-1" aria-hidden="true" hidden>
      ${icon(PLAY)}
    </button>
    <div id="top" slot="top-chrome" part="title-bar" hidden><span id="title" part="title"></span></div>
    <div id="pictures" noautohide><canvas id="still" aria-hidden="true" hidden></canvas><div id="area" part="area" hidden></div></div>
    <div id="excerpt" part="excerpt" noautohide hidden>
      <span id="excerpt-text"></span>
      <button type="button" id="again" data-text="playAgain"></button>
      <button type="button" id="go-on" data-text="playOn"></button>
    </div>
    <div id="controls" part="controls" hidden>
      <div id="bar" part="bar">
        <div id="marks" aria-hidden="true">
          <i id="mark-excerpt" part="excerpt-mark" hidden></i>
          <i id="mark-selection" part="selection-mark" hidden></i>
        </div>
        <media-time-range id="range" part="time-range">
          <video id="scrub" slot="preview" part="scrub-picture" tabindex="-1" aria-hidden="true" muted playsinline hidden></video>
          <media-preview-chapter-display slot="preview"></media-preview-chapter-display>
          <media-preview-time-display slot="preview"></media-preview-time-display>
        </media-time-range>
      </div>
      <div id="buttons" part="buttons">
        <media-play-button part="button play-button" notooltip></media-play-button>
        <media-mute-button part="button mute-button" notooltip></media-mute-button>
        <media-volume-range part="volume-range"></media-volume-range>
        <media-time-display part="time" showduration notoggle></media-time-display>
        <span class="space"></span>
        <button type="button" id="area-button" class="icon" part="button area-button" hidden>${icon(AREA)}</button>
        ${menuButton("chapters", CHAPTERS)}
        ${menuButton("audio", SOUND)}
        ${menuButton("captions", CAPTIONS)}
        <media-playback-rate-button part="button rate-button" rates="0.5 0.75 1 1.25 1.5 2"></media-playback-rate-button>
        <button type="button" id="share-button" class="icon" part="button share-button" aria-haspopup="dialog"
          aria-expanded="false" data-label="share">${icon(SHARE)}</button>
        <button type="button" id="help-button" class="icon" part="button help-button" aria-haspopup="dialog"
          aria-expanded="false" data-label="help">${icon(HELP)}</button>
        <media-pip-button part="button pip-button"></media-pip-button>
        <button type="button" id="remote-button" class="icon" part="button remote-button" aria-pressed="false"
          data-label="remote" hidden>${icon(REMOTE)}</button>
        <media-airplay-button part="button airplay-button"></media-airplay-button>
        <media-fullscreen-button part="button fullscreen-button"></media-fullscreen-button>
      </div>
    </div>
  </media-controller>
  <div id="problem" part="problem" role="alert" hidden>
    <p id="problem-text"></p>
    <a id="problem-link" part="problem-link" data-text="downloadFile" hidden></a>
  </div>
  ${panel(
      "share",
      "shareTitle",
      `<div class="rows">
      <div class="row">
        <h3 data-text="linkNow"></h3>
        <output id="link-now"></output>
        <button type="button" id="copy-now" class="main"></button>
      </div>
      <div class="row">
        <h3 data-text="linkExcerpt"></h3>
        <div class="pair">
          <button type="button" id="set-start" aria-keyshortcuts="i"><span data-text="setStart"></span><kbd aria-hidden="true">I</kbd></button>
          <output id="start-text"></output>
        </div>
        <div class="pair">
          <button type="button" id="set-end" aria-keyshortcuts="o"><span data-text="setEnd"></span><kbd aria-hidden="true">O</kbd></button>
          <output id="end-text"></output>
        </div>
        <div class="actions">
          <button type="button" id="copy-excerpt" class="main" data-text="copyLinkExcerpt"></button>
          <button type="button" id="copy-embed" data-text="copyEmbed"></button>
          <a id="download" class="button" data-text="download" download></a>
          <button type="button" id="copy-stream" data-text="copyStream" hidden></button>
        </div>
      </div>
      <label class="row copy-row"><span id="copied-label"></span><input id="copied" readonly hidden></label>
    </div>`,
  )}
  ${panel("help", "help", `<div id="keys-box" tabindex="0" role="group" aria-labelledby="help-title"><dl id="keys"></dl></div>`)}
  ${menu("audio")}
  ${menu("captions")}
  ${menu("chapters")}
  <div id="live" role="status" aria-live="polite"></div>
</div>
<slot hidden></slot>`;
