/** The ways in for files: dropped onto the list, or chosen. */

import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

import { dropped, type Dropped } from "../api/dropped.ts";
import { explain } from "../api/http.ts";
import { add } from "../api/uploads.ts";
import { contentFault } from "../model/naming.ts";
import { Button } from "../parts/controls.tsx";
import { Icon } from "../parts/icon.tsx";
import { notify } from "../parts/notices.tsx";
import { texts } from "../texts.ts";

const words = texts.contents;

/** Uploads files into a folder; those whose name cannot be stored are left out, and that is said. */
export function store(space: string, folder: string, files: readonly Dropped[]): void {
    const named = files.map(({ path, file, handle }) => ({ content: folder + path.normalize("NFC"), file, handle }));
    for (const { content } of named) {
        const fault = contentFault(content);
        if (fault) notify(texts.uploads.invalid(content, texts.uploads.faults[fault]), "error");
    }
    add(
        space,
        named.filter(({ content }) => contentFault(content) === undefined),
    );
}

interface DropProps {
    readonly folder: string;
    readonly enabled: boolean;
    readonly onDrop: (files: readonly Dropped[]) => void;
    readonly children: ComponentChildren;
}

export function DropArea({ folder, enabled, onDrop, children }: DropProps) {
    const [over, setOver] = useState(false);
    return (
        <div
            class={over ? "drop over" : "drop"}
            onDragOver={(event) => {
                if (!enabled || !event.dataTransfer?.types.includes("Files")) return;
                event.preventDefault();
                setOver(true);
            }}
            onDragLeave={(event) => {
                if (!(event.relatedTarget instanceof Node) || !event.currentTarget.contains(event.relatedTarget))
                    setOver(false);
            }}
            onDrop={(event) => {
                setOver(false);
                if (!enabled || !event.dataTransfer) return;
                event.preventDefault();
                dropped(event.dataTransfer).then(onDrop, (error: unknown) => {
                    notify(explain(error), "error");
                });
            }}
        >
            {children}
            {over && (
                <div class="drop-hint">
                    <Icon name="upload" />
                    <p>{words.drop(folder)}</p>
                </div>
            )}
        </div>
    );
}

export function UploadButtons({ onFiles }: { readonly onFiles: (files: readonly Dropped[]) => void }) {
    const files = useRef<HTMLInputElement>(null);
    const folder = useRef<HTMLInputElement>(null);
    useEffect(() => {
        folder.current?.setAttribute("webkitdirectory", "");
    }, []);
    const chosen = (event: Event & { currentTarget: HTMLInputElement }) => {
        const list = [...(event.currentTarget.files ?? [])];
        onFiles(
            list.map((file) => ({ path: file.webkitRelativePath === "" ? file.name : file.webkitRelativePath, file })),
        );
        event.currentTarget.value = "";
    };
    return (
        <div class="upload-buttons">
            <input ref={files} type="file" multiple hidden onChange={chosen} aria-label={words.upload} />
            <input ref={folder} type="file" multiple hidden onChange={chosen} aria-label={words.uploadFolder} />
            <Button
                kind="primary"
                icon="upload"
                onClick={() => {
                    files.current?.click();
                }}
            >
                {words.upload}
            </Button>
            <Button
                icon="folder"
                onClick={() => {
                    folder.current?.click();
                }}
            >
                {words.uploadFolder}
            </Button>
        </div>
    );
}
